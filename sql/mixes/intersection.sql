-- Which traces does a student learn from? What neither a rule nor a judge that has a vote doubts.
-- One of them calls it right, and the other one, where it was asked and decided, does too.
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
where belief = 'intersection' and recipe = $recipe and place <= 4
order by night, rollout_id
