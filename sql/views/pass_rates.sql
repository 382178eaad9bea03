-- How often does each teacher solve each prompt? Undecided rollouts count neither way.
with
decided as (
    select rollout_id, reward
    from current_verdicts
    where deciding and verdict <> 'unknown'
)
select
    rollouts.prompt_id,
    rollouts.teacher_id,
    count(*) as n_rollouts,
    count(decided.rollout_id) as n_decided,
    count(*) filter (where decided.reward = 1) as n_right,
    avg(decided.reward) as pass_rate
from rollouts
left join decided using (rollout_id)
group by rollouts.prompt_id, rollouts.teacher_id
