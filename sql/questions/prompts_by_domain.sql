-- How many prompts of each domain may be asked, tonight and on all nights, beside R1's share?
with kept as (
    select
        given_prompts.domain,
        count(distinct intake.prompt_id) filter (where intake.night = $night) as n_tonight,
        count(distinct intake.prompt_id) as n_all_nights
    from intake
    inner join given_prompts using (recipe, prompt_id)
    where recipe = $recipe and intake.kept
    group by given_prompts.domain
)

select
    domain,
    n_tonight,
    n_all_nights,
    n_all_nights / nullif(sum(n_all_nights) over (), 0) as share,
    coalesce(n_prompts, 0) / (select sum(n_prompts) from r1_prompts) as r1_share
from kept
left join r1_prompts using (domain)
order by n_all_nights desc, domain
