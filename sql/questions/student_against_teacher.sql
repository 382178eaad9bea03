-- How does a student fare beside models that are none, such as its teacher, and what share of it has it?
-- Items are paired. Intervals are 95 %: of the difference the normal one, of the ratio Fieller's, which is
-- null where the other model may solve nothing at all. Models that had few-shots are not asked alike.
-- Attempts belong to weights: students whose weights are equal have them in common.
with current as (
    select student, revision
    from students
    qualify row_number() over (partition by student order by trained_at desc) = 1
),

items as (
    select
        student_id, student, run_key, revision, benchmark, protocol, item_id,
        avg(cast(solved as integer)) as rate,
        avg(completion_tokens) as tokens,
        avg(elapsed_s) as seconds
    from evaluations
    group by all
),

means as (
    select
        current.student, mine.benchmark, mine.student_id, mine.protocol,
        other.student as other, other.student_id as other_id,
        mine.protocol = other.protocol as asked_alike,
        count(*) as n_items,
        avg(mine.rate) as x,
        avg(other.rate) as y,
        var_samp(mine.rate - other.rate) as var_gain,
        1.959964 ** 2 / count(*) as scale,
        avg(other.rate) ** 2 - scale * var_samp(other.rate) as a,
        x * y - scale * covar_samp(mine.rate, other.rate) as b,
        avg(mine.rate) ** 2 - scale * var_samp(mine.rate) as c,
        avg(mine.tokens) as tokens, avg(other.tokens) as other_tokens,
        avg(mine.seconds) as seconds, avg(other.seconds) as other_seconds
    from items as mine
    inner join current on current.revision = mine.revision
    inner join items as other on
        other.run_key is null
        and other.revision <> mine.revision
        and other.benchmark = mine.benchmark
        and other.item_id = mine.item_id
    group by all
)

select
    student, benchmark, other, asked_alike, n_items,
    x as pass_at_1,
    y as other_pass_at_1,
    x - y as gain,
    x - y - 1.959964 * sqrt(var_gain / n_items) as gain_low,
    x - y + 1.959964 * sqrt(var_gain / n_items) as gain_high,
    case when a > 0 then x / y end as ratio,
    case when a > 0 then greatest(0, (b - sqrt(greatest(0, b * b - a * c))) / a) end as ratio_low,
    case when a > 0 then (b + sqrt(greatest(0, b * b - a * c))) / a end as ratio_high,
    tokens, other_tokens, seconds, other_seconds,
    tokens / nullif(x, 0) as tokens_per_solved,
    other_tokens / nullif(y, 0) as other_tokens_per_solved,
    seconds / nullif(x, 0) as seconds_per_solved,
    other_seconds / nullif(y, 0) as other_seconds_per_solved,
    protocol
from means
order by student, benchmark, asked_alike desc, other
