-- How many rollouts of each family became corpus?
select
    prompts.domain,
    prompts.family,
    count(*) as n_rollouts,
    count(*) filter (where selected.accepted) as n_accepted,
    round(avg(selected.accepted::int), 3) as yield
from selected
inner join prompts using (prompt_id)
where selected.recipe = $recipe and selected.night = $night
group by prompts.domain, prompts.family
order by yield desc, prompts.family
