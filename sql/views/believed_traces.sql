-- Which traces does a mix take, by whom it believes?
-- `belief`: rule (what the rules call right), rule_undoubted (of these, what no judge that has a vote calls
-- wrong), union (what a rule or such a judge calls right), or intersection (what one of them calls right and
-- the other does not doubt). People overrule both. One row per belief, recipe and trace, without copies of
-- others that it takes, and without texts, which `fluent_traces` has: numbers are sorted in less memory.
-- `place` counts those of a prompt, the corpus's first.
with
judged as (
    select
        recipe,
        rollout_id,
        prompt_id,
        completion_tokens,
        domain,
        accepted,
        rank,
        rule_verdict,
        human_verdict,
        n_foreign_chars,
        repetition,
        longest_paragraph_chars,
        n_code_blocks,
        coalesce(rule_verdict = 'right', false) as ruled_right,
        coalesce(judge_has_vote and judge_verdict = 'right', false) as judged_right,
        coalesce(judge_has_vote and judge_verdict = 'wrong', false) as judged_wrong
    from fluent_traces
    where not copies_accepted
),
told as (
    select beliefs.belief, judged.*
    from judged
    cross join (values ('rule'), ('rule_undoubted'), ('union'), ('intersection')) as beliefs (belief)
    where
        case
            when human_verdict is not null then human_verdict <> 'wrong'
            when belief = 'rule' then ruled_right
            when belief = 'rule_undoubted' then ruled_right and not judged_wrong
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
