-- Which trace is better than which, and both read well? One pair per recipe and prompt.
-- Of its accepted traces and its fluent wrong ones (see `fluent_traces`) the two most alike in length, so
-- that length tells nothing. `length_ratio`: shorter over longer, 0 to 1, in tokens where both were counted,
-- else in characters.
with
chosen as (select *, length(reasoning) + length(answer) as n_chars from corpus),
rejected as (
    select *, length(reasoning) + length(answer) as n_chars
    from fluent_traces
    where verdict = 'wrong'
),
pairs as (
    select
        chosen.recipe,
        chosen.night,
        chosen.prompt_id,
        chosen.messages,
        chosen.rollout_id as chosen_id,
        chosen.reasoning as chosen_reasoning,
        chosen.answer as chosen_answer,
        chosen.completion_tokens as chosen_tokens,
        coalesce(chosen.decided_by, 'rule') as chosen_decided_by,
        rejected.rollout_id as rejected_id,
        rejected.reasoning as rejected_reasoning,
        rejected.answer as rejected_answer,
        rejected.completion_tokens as rejected_tokens,
        rejected.decided_by as rejected_decided_by,
        if(
            chosen.completion_tokens > 0 and rejected.completion_tokens > 0,
            least(chosen.completion_tokens, rejected.completion_tokens)
            / greatest(chosen.completion_tokens, rejected.completion_tokens),
            least(chosen.n_chars, rejected.n_chars) / greatest(chosen.n_chars, rejected.n_chars)
        ) as length_ratio,
        chosen.rank
    from chosen
    inner join rejected using (recipe, prompt_id)
)
select * exclude (rank)
from pairs
qualify row_number() over (
    partition by recipe, prompt_id
    order by length_ratio desc, rank, chosen_id, rejected_id
) = 1
