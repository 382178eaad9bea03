-- Which trace was dropped because of which? The most similar first.
-- A twin without a similarity is linked through a third trace that has the same text.
with
similarities as (
    select least(rollout_id, twin_id) as one, greatest(rollout_id, twin_id) as other, max(jaccard) as jaccard
    from duplicates
    group by one, other
)
select
    selected.rollout_id,
    selected.twin_id,
    similarities.jaccard,
    left(dropped.answer, 60) as answer,
    left(kept.answer, 60) as twin_answer
from selected
inner join traces as dropped using (rollout_id)
left join traces as kept on kept.rollout_id = selected.twin_id
left join similarities
    on similarities.one = least(selected.rollout_id, selected.twin_id)
    and similarities.other = greatest(selected.rollout_id, selected.twin_id)
where selected.recipe = $recipe and selected.night = $night and selected.twin_id is not null
order by similarities.jaccard desc nulls last, selected.rollout_id
limit 50
