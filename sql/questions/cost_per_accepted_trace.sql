-- What did an accepted trace cost, in money, tokens and seconds of the engine, rejected ones included?
select
    teachers.name as teacher,
    rollouts.engine,
    count(*) as n_rollouts,
    count(*) filter (where selected.accepted) as n_accepted,
    sum(rollouts.cost_usd) / nullif(n_accepted, 0) as usd_per_accepted,
    sum(rollouts.completion_tokens) / nullif(n_accepted, 0) as tokens_per_accepted,
    sum(rollouts.elapsed_s) / nullif(n_accepted, 0) as seconds_per_accepted
from selected
inner join rollouts using (rollout_id)
left join teachers on teachers.teacher_id = rollouts.teacher_id
where selected.recipe = $recipe and selected.night = $night
group by teachers.name, rollouts.engine
order by n_accepted desc, teacher
