-- Which traces does a student learn from? Accepted ones of prompts that their teacher often fails.
-- What it always solves teaches little, and of what it never solves a rule accepts no trace.
-- A pass rate of 0, where only a judge or a person accepted, says nothing and is left out.
-- $max_pass_rate = 0.5: pass rate of a prompt, by rule, at most. 0.99 takes all that is not always solved.
-- $keep = 4: traces of one prompt, at most, the shortest first.
select *
from corpus
where
    recipe = $recipe
    and rollout_id in (
        select rollout_id
        from corpus
        where recipe = $recipe and pass_rate > 0 and pass_rate <= $max_pass_rate
        qualify row_number() over (partition by prompt_id order by completion_tokens, rollout_id) <= $keep
    )
