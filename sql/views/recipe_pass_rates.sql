-- How often does each teacher solve the prompts that each recipe may ask? One row per recipe, prompt and
-- teacher that was asked. The views that choose prompts by difficulty begin here.
select
    recipe_prompts.*,
    pass_rates.teacher_id,
    pass_rates.k,
    pass_rates.n_decided,
    pass_rates.pass_rate
from recipe_prompts
inner join pass_rates using (prompt_id)
