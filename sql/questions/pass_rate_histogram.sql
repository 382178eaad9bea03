-- How hard are the prompts of a night for their teacher? Prompts by pass rate, in tenths.
with
asked as (
    select distinct prompt_id, teacher_id
    from selected
    where recipe = $recipe and night = $night
)
select
    least(floor(pass_rates.pass_rate * 10), 9) / 10 as pass_rate_from,
    count(*) as n_prompts,
    bar(count(*), 0, max(count(*)) over (), 40) as prompts
from asked
inner join pass_rates using (prompt_id, teacher_id)
where pass_rates.pass_rate is not null
group by pass_rate_from
order by pass_rate_from
