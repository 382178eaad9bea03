-- Which prompts can a student learn from by reinforcement? Those that a teacher solves sometimes, not always.
-- Its pass rate over its first k attempts is above [difficulty] min_pass_rate of the recipe and below
-- max_pass_rate, 0.1 and 0.9 unless it says otherwise. One row per recipe, prompt and teacher: mix
-- `rl_prompts` lets one teacher tell.
select recipe_pass_rates.*
from recipe_pass_rates
inner join recipe_thresholds using (recipe)
where pass_rate > min_pass_rate and pass_rate < max_pass_rate
