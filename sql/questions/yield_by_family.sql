-- How many rollouts of each family became corpus?
select
    given_prompts.domain,
    given_prompts.family,
    count(*) as n_rollouts,
    count(*) filter (where selected.accepted) as n_accepted,
    round(avg(selected.accepted::int), 3) as yield
from selected
inner join given_prompts using (recipe, prompt_id)
where selected.recipe = $recipe and selected.night = $night
group by given_prompts.domain, given_prompts.family
order by yield desc, given_prompts.family
