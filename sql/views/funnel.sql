-- Where did each night's rollouts go, stage by stage?
-- `n_without_vote`: rollouts that a judge without a vote was asked about, so that nobody decided them.
with
stages (position, stage) as (
    values
    (1, 'generation'), (2, 'verification'), (3, 'format'), (4, 'language'),
    (5, 'readability'), (6, 'contamination'), (7, 'duplicates'), (8, 'selection')
),
nights as (
    select
        recipe,
        night,
        count(*) as n_rollouts,
        count(*) filter (where list_contains(reasons, 'verification:judge_has_no_vote')) as n_without_vote
    from selected
    group by recipe, night
),
reasons as (
    select recipe, night, stage, split_part(reasons[1], ':', 2) as reason, count(*) as n_rollouts
    from selected
    where not accepted
    group by recipe, night, stage, split_part(reasons[1], ':', 2)
),
drops as (
    select
        recipe,
        night,
        stage,
        cast(sum(n_rollouts) as bigint) as dropped,
        first(reason order by n_rollouts desc, reason) as main_reason
    from reasons
    group by recipe, night, stage
),
fallen as (
    select
        nights.recipe,
        nights.night,
        stages.position,
        stages.stage,
        nights.n_rollouts,
        if(stages.stage = 'verification', nights.n_without_vote, 0) as n_without_vote,
        coalesce(drops.dropped, 0) as dropped,
        cast(
            sum(coalesce(drops.dropped, 0)) over (
                partition by nights.recipe, nights.night order by stages.position
            ) as bigint
        ) as dropped_so_far,
        drops.main_reason
    from nights
    cross join stages
    left join drops
        on drops.recipe = nights.recipe and drops.night = nights.night and drops.stage = stages.stage
)
select
    recipe,
    night,
    position,
    stage,
    n_rollouts - dropped_so_far + dropped as entered,
    dropped,
    n_rollouts - dropped_so_far as remaining,
    main_reason,
    n_without_vote
from fallen
order by recipe, night, position
