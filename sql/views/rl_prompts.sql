-- Which prompts can a student learn from by reinforcement? Those that a teacher solves sometimes, not always.
-- Its pass rate over its first k attempts is above [difficulty] min_pass_rate of the recipe and below
-- max_pass_rate, 0.1 and 0.9 unless it says otherwise. One row per recipe, prompt and teacher.
select
    recipe_prompts.*,
    pass_rates.teacher_id,
    pass_rates.k,
    pass_rates.n_decided,
    pass_rates.pass_rate
from recipe_prompts
inner join recipe_thresholds using (recipe)
inner join pass_rates using (prompt_id)
where
    pass_rates.pass_rate > recipe_thresholds.min_pass_rate
    and pass_rates.pass_rate < recipe_thresholds.max_pass_rate
