-- What became of every rollout? One row per rollout and recipe that decided about it, without its texts.
-- `state` is accepted, rejected, or open: no recipe has decided yet, or none does, as about cold start's.
select
    selected.night,
    selected.recipe,
    selected.rollout_id,
    selected.prompt_id,
    selected.teacher_id,
    teachers.name as teacher,
    given_prompts.domain,
    given_prompts.source,
    if(selected.accepted, 'accepted', 'rejected') as state,
    selected.verdict,
    selected.reasons
from selected
left join teachers using (teacher_id)
left join given_prompts using (recipe, prompt_id)
union all by name
select
    rollouts.night,
    rollouts.rollout_id,
    rollouts.prompt_id,
    rollouts.teacher_id,
    teachers.name as teacher,
    prompts.domain,
    prompts.source,
    'open' as state
from rollouts
left join teachers using (teacher_id)
left join prompts using (prompt_id)
where not exists (from selected where selected.rollout_id = rollouts.rollout_id)
