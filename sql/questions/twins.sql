-- Which traces are near-duplicates of rollout $rollout_id? The most similar first.
with
pairs as (
    select twin_id as rollout_id, twin_night as night, jaccard from duplicates where rollout_id = $rollout_id
    union all
    select rollout_id, night, jaccard from duplicates where twin_id = $rollout_id
),
twins as (
    select rollout_id, any_value(night) as night, max(jaccard) as jaccard from pairs group by rollout_id
),
decisions as (
    select recipe, rollout_id, accepted, verdict
    from selected
    where rollout_id in (select rollout_id from twins)
)
select twins.*, decisions.recipe, decisions.accepted, decisions.verdict
from twins
left join decisions using (rollout_id)
order by jaccard desc, rollout_id, recipe
