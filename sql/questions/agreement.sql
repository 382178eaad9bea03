-- How far do people, rules and the judge agree, over the rollouts that both of two decided?
-- `agreement` is the share with the same verdict, `kappa` Cohen's: how much of what chance leaves open they
-- agree on (null where both always say the same). Edited traces are left out: people neither
-- approved nor rejected them as they were.
with
said (position, who, rollout_id, verdict) as (
    select 1, 'person', rollout_id, human_verdict from traces where human_verdict in ('right', 'wrong')
    union all
    select 2, 'rule', rollout_id, rule_verdict from traces where rule_verdict in ('right', 'wrong')
    union all
    select 3, 'judge', rollout_id, judge_verdict from traces where judge_verdict in ('right', 'wrong')
),
pairs as (
    select
        one.position,
        one.who as first,
        other.position as other_position,
        other.who as second,
        one.verdict as first_verdict,
        other.verdict as second_verdict
    from said as one
    inner join said as other on other.rollout_id = one.rollout_id and other.position > one.position
),
counted as (
    select
        position,
        first,
        other_position,
        second,
        count(*) as n,
        avg(cast(first_verdict = second_verdict as double)) as agreement,
        avg(cast(first_verdict = 'right' as double)) as first_right,
        avg(cast(second_verdict = 'right' as double)) as second_right
    from pairs
    group by position, first, other_position, second
),
expected as (
    select
        *,
        first_right * second_right + (1 - first_right) * (1 - second_right) as by_chance
    from counted
)
select
    first,
    second,
    n,
    agreement,
    (agreement - by_chance) / nullif(1 - by_chance, 0) as kappa,
    first_right,
    second_right
from expected
order by position, other_position
