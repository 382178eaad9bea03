-- Which prompts does a teacher solve hardly ever or never?
-- Its pass rate is at most [difficulty] min_pass_rate of the recipe. One row per recipe, prompt and teacher,
-- the surest first: those with the lowest rate and the most attempts.
select
    recipe_prompts.*,
    pass_rates.teacher_id,
    pass_rates.k,
    pass_rates.n_decided,
    pass_rates.pass_rate
from recipe_prompts
inner join recipe_thresholds using (recipe)
inner join pass_rates using (prompt_id)
where pass_rates.pass_rate <= recipe_thresholds.min_pass_rate
order by recipe_prompts.recipe, pass_rates.pass_rate, pass_rates.n_decided desc, recipe_prompts.prompt_id
