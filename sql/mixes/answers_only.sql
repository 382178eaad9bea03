-- Which traces does a student learn from? Those of one_per_prompt, with thoughts that say nothing.
-- What thoughts are worth shows beside one_per_prompt: the same prompts, answers and form, and no work shown.
select * replace ('I know the answer.' as reasoning, null as completion_tokens, null as student_tokens)
from corpus
where
    recipe = $recipe
    and rollout_id in (
        select rollout_id
        from corpus
        where recipe = $recipe
        qualify row_number() over (partition by prompt_id order by completion_tokens, rollout_id) = 1
    )
