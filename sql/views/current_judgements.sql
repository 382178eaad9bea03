-- What does the newest judge say of each rollout, by rubric? Of the newest version of each rubric, on the
-- current reference. What counts for a recipe, and whether its judge has a vote, is told by `selected`.
with
candidates as (
    select
        judgements.*,
        rollouts.prompt_id,
        first_value(judgements.judge_id) over (
            partition by judgements.rollout_id
            order by judgements.judged_at desc, judgements.judge_id
        ) as newest_judge_id
    from judgements
    inner join rollouts using (rollout_id)
    left join current_references using (prompt_id)
    where judgements.reference_version in ('', current_references.reference_version)
)
select
    night, rollout_id, prompt_id, judge_id, rubric, rubric_version, reference_version,
    verdict, reward, reason, margin, votes, elapsed_s, judged_at
from candidates
where judge_id = newest_judge_id
qualify row_number() over (
    partition by rollout_id, rubric
    order by judged_at desc, rubric_version desc
) = 1
