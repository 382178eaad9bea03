-- Which prompts does a teacher solve hardly ever or never?
-- Its pass rate is at most [difficulty] min_pass_rate of the recipe. One row per recipe, prompt and teacher,
-- the surest first: those with the lowest rate and the most attempts.
select recipe_pass_rates.*
from recipe_pass_rates
inner join recipe_thresholds using (recipe)
where pass_rate <= min_pass_rate
order by recipe, pass_rate, n_decided desc, prompt_id
