-- What did each run of an engine make, how fast, and what did it cost?
select
    night,
    recipe,
    engine,
    began_at,
    ended_by,
    n_rollouts,
    prompt_tokens,
    round(cached_tokens / nullif(prompt_tokens, 0), 3) as cached_share,
    completion_tokens,
    round(elapsed_s, 1) as elapsed_s,
    round(tokens_per_s, 1) as tokens_per_s,
    round(busy_share, 3) as busy_share,
    round(queue_depth, 1) as queue_depth,
    retries,
    replayed,
    cost_usd
from engine_runs
order by began_at desc
