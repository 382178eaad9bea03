-- Which prompts does a student learn from by reinforcement? Those that a teacher solves now and then.
-- Its pass rate is above [difficulty] min_pass_rate of the recipe and below max_pass_rate. Of a prompt that
-- several teachers were asked, the one with the most decided attempts tells. Contaminated ones never.
-- $min_decided = 2: decided attempts that the pass rate must rest on.
-- $teacher = "": name of the teacher whose pass rate counts, or any without it.
select rl_prompts.*, teachers.name as teacher
from rl_prompts
left join teachers using (teacher_id)
where
    rl_prompts.recipe = $recipe
    and rl_prompts.n_decided >= $min_decided
    and $teacher in ('', teachers.name)
    and rl_prompts.prompt_id not in (
        select subject_id from contamination where subject = 'prompt' and contaminated
    )
qualify row_number() over (
    partition by rl_prompts.prompt_id
    order by rl_prompts.n_decided desc, rl_prompts.teacher_id
) = 1
