-- How long are accepted traces, by domain?
select
    domain,
    count(*) as n_traces,
    sum(completion_tokens)::bigint as completion_tokens,
    quantile_cont(completion_tokens, 0.5) as median_tokens,
    quantile_cont(completion_tokens, 0.95) as p95_tokens,
    max(completion_tokens) as max_tokens
from corpus
where recipe = $recipe
group by domain
order by completion_tokens desc, domain
