-- Which traces does a student learn from in R1's proportion, three reasoning traces to one general one?
-- All accepted ones over all nights of $recipe, but of the kind that is too many a part, drawn by hash. All
-- of them while there is only one kind. `r1data sql reasoning_share` counts both.
with
kinds as (
    select
        *,
        domain is not distinct from 'general' as general,
        row_number() over (partition by domain is not distinct from 'general' order by rollout_id) as place,
        count(*) filter (where domain is not distinct from 'general') over () as n_general,
        count(*) filter (where domain is distinct from 'general') over () as n_reasoning
    from corpus
    where recipe = $recipe
)
select
    rollout_id,
    prompt_id,
    night,
    messages,
    reasoning,
    answer,
    completion_tokens,
    domain,
    family,
    language,
    source,
    licence,
    terms,
    reward,
    pass_rate
from kinds
where
    n_general = 0
    or n_reasoning = 0
    or place <= case when general then greatest(n_reasoning // 3, 1) else 3 * n_general end
order by night, rollout_id
