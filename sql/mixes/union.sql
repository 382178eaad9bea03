-- Which traces does a student learn from? What a rule or a judge that has a vote calls right.
-- So the judge may overrule a rule that found a text different from the reference, for it may say the same.
-- People overrule both. Four of each prompt, those of the corpus first, without copies. Over all nights of
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
where belief = 'union' and recipe = $recipe and place <= 4
order by night, rollout_id
