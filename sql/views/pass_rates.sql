-- How often does each teacher solve each prompt? Undecided rollouts count neither way.
-- Only attempts count that were made whatever came of others: what an adaptive night, a retry or a second
-- chance for unsolved prompts added would bias the rate. They are the first `k` indices, 0 … k - 1. Where
-- n_rollouts is less, some of them were not made, such as by a night that was ended.
with
decided as (
    select rollout_id, reward
    from current_verdicts
    where deciding and verdict <> 'unknown'
)
select
    rollouts.prompt_id,
    rollouts.teacher_id,
    max(rollouts."index") + 1 as k,
    count(*) as n_rollouts,
    count(decided.rollout_id) as n_decided,
    count(*) filter (where decided.reward = 1) as n_right,
    avg(decided.reward) as pass_rate
from rollouts
left join decided using (rollout_id)
where coalesce(rollouts.unconditional, true)
group by rollouts.prompt_id, rollouts.teacher_id
