-- What does each recipe say of the numbers that views go by?
-- What its latest night said, and the default where none did.
with
said as (
    select recipe, name, value
    from thresholds
    qualify row_number() over (partition by recipe, name order by night desc) = 1
)
select
    recipes.recipe,
    coalesce(max(value) filter (where name = 'difficulty.min_pass_rate'), 0.1) as min_pass_rate,
    coalesce(max(value) filter (where name = 'difficulty.max_pass_rate'), 0.9) as max_pass_rate,
    coalesce(max(value) filter (where name = 'basic.min_prompt_chars'), 8) as min_prompt_chars,
    coalesce(max(value) filter (where name = 'basic.max_prompt_chars'), 20000) as max_prompt_chars
from (select distinct recipe from intake) as recipes
left join said using (recipe)
group by recipes.recipe
