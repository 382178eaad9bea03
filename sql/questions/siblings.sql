-- What became of each attempt at the prompt of rollout $rollout_id, by every teacher and recipe?
with
wanted as (select prompt_id from rollouts where rollout_id = $rollout_id),
attempts as (
    select rollout_id, night, teacher_id, "index", finish_reason, completion_tokens
    from rollouts
    where prompt_id in (from wanted)
),
decisions as (
    select recipe, rollout_id, accepted, verdict, reasons from selected where prompt_id in (from wanted)
)
select
    attempts.rollout_id,
    attempts.night,
    teachers.name as teacher,
    attempts."index",
    attempts.finish_reason,
    attempts.completion_tokens,
    decisions.recipe,
    decisions.accepted,
    decisions.verdict,
    decisions.reasons
from attempts
left join teachers using (teacher_id)
left join decisions using (rollout_id)
order by teacher, attempts."index", decisions.recipe
