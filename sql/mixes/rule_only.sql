-- Which traces does a student learn from? What the rules call right, as if no judge had been asked.
-- People overrule them. Four of each prompt, those of the corpus first, without copies. Over all nights of
-- $recipe.
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
from believed_traces
where belief = 'rule' and recipe = $recipe and place <= 4
order by night, rollout_id
