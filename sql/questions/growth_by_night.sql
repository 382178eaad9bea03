-- How does the corpus grow, night by night?
select
    night,
    count(*) as n_rollouts,
    count(*) filter (where accepted) as n_accepted,
    sum(count(*) filter (where accepted)) over (order by night)::bigint as n_accepted_so_far
from selected
where recipe = $recipe
group by night
order by night
