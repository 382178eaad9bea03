-- Which traces does a mix take, by whom it believes?
-- `belief`: rule (what the rules call right), union (what a rule or a judge that has a vote calls right), or
-- intersection (what one of them calls right and the other does not doubt). People overrule both. One row per
-- belief, recipe and trace, without copies of others that it takes. `place` counts those of a prompt, the
-- corpus's first.
with
judged as (
    select
        *,
        coalesce(rule_verdict = 'right', false) as ruled_right,
        coalesce(judge_has_vote and judge_verdict = 'right', false) as judged_right,
        coalesce(judge_has_vote and judge_verdict = 'wrong', false) as judged_wrong
    from fluent_traces
    where not copies_accepted
),
told as (
    select beliefs.belief, judged.*
    from judged
    cross join (values ('rule'), ('union'), ('intersection')) as beliefs (belief)
    where
        case
            when human_verdict is not null then human_verdict <> 'wrong'
            when belief = 'rule' then ruled_right
            when belief = 'union' then ruled_right or judged_right
            else
                ruled_right and not judged_wrong
                or coalesce(rule_verdict, 'unknown') = 'unknown' and judged_right
        end
),
copies as (
    select distinct told.belief, told.recipe, told.rollout_id
    from told
    inner join duplicates using (rollout_id)
    inner join told as earlier
        on earlier.rollout_id = duplicates.twin_id
        and earlier.belief = told.belief
        and earlier.recipe = told.recipe
    where not told.accepted
)
select
    told.*,
    row_number() over (
        partition by belief, recipe, prompt_id
        order by accepted desc, rank, completion_tokens, rollout_id
    ) as place
from told
anti join copies using (belief, recipe, rollout_id)
