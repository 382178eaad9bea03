-- Which mix makes the better student of an ablation, over its seeds, and can one tell?
-- Rows are mixes. Intervals are 95 %: of a mix's mean over seeds by Student's t, of its distance to the best
-- mix by Welch's t. A benchmark's items are taken as they are. The best mix wins when all others are behind.
-- Attempts belong to weights: mixes that give the same rows make equal ones, which are asked once for all.
with current as (
    select *, '-' || mix_name || '-s' || seed as suffix
    from students
    qualify row_number() over (partition by student order by trained_at desc) = 1
),

parts as (
    select
        student, revision, mix_name, seed, n_rows, elapsed_s as training_s,
        left(student, length(student) - length(suffix)) as ablation
    from current
    where ends_with(student, suffix)
),

items as (
    select
        revision, benchmark, protocol, item_id,
        count(*) as n_attempts,
        avg(cast(solved as integer)) as rate
    from evaluations
    group by all
),

seeds as (
    select
        student, ablation, benchmark, protocol, mix_name, seed, n_rows, training_s,
        bit_xor(hash(item_id)) as these_items,
        sum(n_attempts) as n_attempts,
        avg(rate) as pass_at_1
    from parts
    inner join items using (revision)
    group by all
),

mixes as (
    select
        ablation, benchmark, protocol, mix_name,
        count(*) as n_seeds,
        min(n_rows) as n_rows_min,
        max(n_rows) as n_rows_max,
        min(these_items) as items_min,
        max(these_items) as items_max,
        min(n_attempts) as n_attempts_min,
        max(n_attempts) as n_attempts_max,
        avg(training_s) as training_s,
        avg(pass_at_1) as mean,
        coalesce(var_samp(pass_at_1), 0) / count(*) as variance_of_mean
    from seeds
    group by all
),

-- The 0.975 quantiles of Student's t for 1, 2, … 30 degrees of freedom, more are taken as 30.
quantiles as (
    select [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
        2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
        2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042
    ] as t
),

ranked as (
    select
        *,
        row_number() over same as place,
        count(*) over whole as n_mixes,
        min(n_seeds) over whole as seeds_of_fewest,
        min(n_rows_min) over whole = max(n_rows_max) over whole as equal_budget,
        min(items_min) over whole = max(items_max) over whole as equal_items,
        min(n_attempts_min) over whole = max(n_attempts_max) over whole as equal_attempts,
        first(mix_name) over same as best_mix,
        first(mean) over same as best_mean,
        first(variance_of_mean) over same as best_variance,
        first(n_seeds) over same as best_seeds
    from mixes
    window
        whole as (partition by ablation, benchmark, protocol),
        same as (partition by ablation, benchmark, protocol order by mean desc, mix_name)
),

welch as (
    select
        *,
        sqrt(variance_of_mean + best_variance) as spread,
        -- Satterthwaite's degrees of freedom, rounded down, and without any spread, those of equal ones.
        cast(floor(coalesce(
            (variance_of_mean + best_variance) ** 2 / nullif(
                variance_of_mean ** 2 / nullif(n_seeds - 1, 0)
                + best_variance ** 2 / nullif(best_seeds - 1, 0),
                0
            ),
            n_seeds + best_seeds - 2
        )) as integer) as freedom
    from ranked
    where n_mixes > 1
),

compared as (
    select
        *,
        n_seeds < 3 or best_seeds < 3 as too_few,
        t[least(30, n_seeds - 1)] * sqrt(variance_of_mean) as half_of_mean,
        case when place > 1 then mean - best_mean end as to_best,
        case when place > 1 then t[least(30, greatest(1, freedom))] * spread end as half
    from welch
    cross join quantiles
)

select
    ablation, benchmark, mix_name, n_seeds, n_rows_min as n_rows,
    mean as pass_at_1,
    case when not too_few then greatest(0, mean - half_of_mean) end as pass_at_1_low,
    case when not too_few then least(1, mean + half_of_mean) end as pass_at_1_high,
    to_best,
    case when not too_few then to_best - half end as to_best_low,
    case when not too_few then to_best + half end as to_best_high,
    case
        when seeds_of_fewest < 3 then 'cannot tell: fewer than 3 seeds'
        when not equal_budget then 'cannot tell: not equally many rows'
        when not equal_items then 'cannot tell: not the same items'
        when not equal_attempts then 'cannot tell: not equally many attempts'
        when place > 1 and to_best + half < 0 then 'behind'
        when place > 1 then 'cannot tell'
        when max(case when place > 1 then to_best + half end) over whole < 0 then 'wins'
        else 'cannot tell'
    end as verdict,
    round(training_s, 1) as training_s,
    protocol
from compared
window whole as (partition by ablation, benchmark, protocol)
order by ablation, benchmark, protocol, place
