-- Which prompts does a student learn from by reinforcement? Those that a teacher solves now and then.
-- Of a prompt that several teachers were asked, the one with the most decided attempts tells. Its pass rate
-- is above [difficulty] min_pass_rate of the recipe and below max_pass_rate. Contaminated ones never.
-- $min_decided = 2: decided attempts that the pass rate must rest on.
-- $teacher = "": name of the teacher whose pass rate counts, or any without it.
with
-- Chosen among all, also those that the window leaves out: else a prompt that one always solves came in
-- by another that solved it once and failed once.
telling as (
    select recipe_pass_rates.prompt_id, recipe_pass_rates.teacher_id, teachers.name as teacher
    from recipe_pass_rates
    left join teachers using (teacher_id)
    where recipe_pass_rates.recipe = $recipe and $teacher in ('', teachers.name)
    qualify row_number() over (
        partition by recipe_pass_rates.prompt_id
        order by recipe_pass_rates.n_decided desc, recipe_pass_rates.teacher_id
    ) = 1
)

select rl_prompts.*, telling.teacher
from rl_prompts
inner join telling using (prompt_id, teacher_id)
where
    rl_prompts.recipe = $recipe
    and rl_prompts.n_decided >= $min_decided
    and rl_prompts.prompt_id not in (
        select subject_id from contamination where subject = 'prompt' and contaminated
    )
