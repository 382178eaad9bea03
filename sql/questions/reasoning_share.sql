-- How do accepted traces divide into reasoning and general ones, with a thought and without?
-- R1 learnt from 600,000 reasoning and 200,000 general traces. `weight` says how often a trace of its kind
-- has to count for three to one, `n_in_mix` how many of its kind make three to one if none counts twice. Both
-- are null without traces of the other kind.
with
counted as (
    select
        case when domain = 'general' then 'general' else 'reasoning' end as kind,
        coalesce(trim(reasoning), '') <> '' as with_thought,
        count(*) as n_traces,
        sum(completion_tokens)::bigint as completion_tokens
    from corpus
    where recipe = $recipe
    group by all
),
totals as (
    select
        sum(n_traces) as n_all,
        coalesce(sum(n_traces) filter (where kind = 'reasoning'), 0)::bigint as n_reasoning,
        coalesce(sum(n_traces) filter (where kind = 'general'), 0)::bigint as n_general,
        greatest(least(n_general, n_reasoning // 3), 1) as n_general_in_mix
    from counted
)
select
    counted.kind,
    counted.with_thought,
    counted.n_traces,
    counted.completion_tokens,
    round(counted.n_traces / totals.n_all, 3) as share,
    case counted.kind when 'reasoning' then 0.75 else 0.25 end as r1_share,
    case
        when totals.n_reasoning = 0 or totals.n_general = 0 then null
        when counted.kind = 'reasoning' then round(0.75 * totals.n_all / totals.n_reasoning, 3)
        else round(0.25 * totals.n_all / totals.n_general, 3)
    end as weight,
    case
        when totals.n_reasoning = 0 or totals.n_general = 0 then null
        when counted.kind = 'general' then totals.n_general_in_mix
        else least(totals.n_reasoning, 3 * totals.n_general_in_mix)
    end as n_in_mix
from counted
cross join totals
order by counted.kind desc, counted.with_thought desc
