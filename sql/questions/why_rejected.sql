-- Why were rollouts rejected? Every reason counts, not only the first.
with
reasons as (
    select rollout_id, unnest(reasons) as reason
    from selected
    where recipe = $recipe and night = $night
)
select reason, count(*) as n_rollouts, min(rollout_id) as example_id
from reasons
group by reason
order by n_rollouts desc, reason
