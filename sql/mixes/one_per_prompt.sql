-- Which traces does a student learn from? One of each prompt.
-- The shortest accepted one, over all nights of $recipe.
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
where recipe = $recipe
qualify row_number() over (partition by prompt_id order by completion_tokens, rollout_id) <= 1
order by night, rollout_id
