-- Which traces does a student learn from? Two of each prompt that its teacher sometimes fails.
-- The shortest accepted ones, over all nights of $recipe.
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
from corpus
where recipe = $recipe and pass_rate < 1
qualify row_number() over (partition by prompt_id order by completion_tokens, rollout_id) <= 2
order by night, rollout_id
