-- How many traces has a corpus by domain, and how long are they, beside DeepSeek-R1's?
-- R1's are those of its SFT data (https://arxiv.org/abs/2501.12948v2, supplement). `mean_tokens` is as
-- teachers counted, `mean_student_tokens` by the tokenizer of the recipe's first student. `n_scaled` is what
-- R1's shares would make of as many traces.
with
r1 (position, domain, r1_traces, r1_mean_tokens) as (
    values
    (1, 'math', 395285, 6094), (2, 'code', 211129, 7436), (3, 'stem', 10124, 4929),
    (4, 'logic', 10395, 2739), (5, 'general', 177812, 1419), (9, 'all', 804745, 5355)
),
own as (
    select coalesce(domain, 'unknown') as domain, completion_tokens, student_tokens
    from corpus
    where recipe = $recipe
),
counted as (
    select
        if(grouping(domain) = 1, 'all', domain) as domain,
        count(*) as n_traces,
        avg(completion_tokens) as mean_tokens,
        avg(student_tokens) as mean_student_tokens
    from own
    group by grouping sets ((domain), ())
),
total as (select count(*) as n_traces from own)
select
    coalesce(counted.domain, r1.domain) as domain,
    coalesce(counted.n_traces, 0) as n_traces,
    round(coalesce(counted.n_traces, 0) / nullif(total.n_traces, 0), 4) as share,
    round(counted.mean_tokens, 1) as mean_tokens,
    round(counted.mean_student_tokens, 1) as mean_student_tokens,
    r1.r1_traces,
    round(r1.r1_traces / 804745, 4) as r1_share,
    r1.r1_mean_tokens,
    cast(round(total.n_traces * r1.r1_traces / 804745) as bigint) as n_scaled,
    round(counted.mean_student_tokens / r1.r1_mean_tokens, 4) as length_by_r1
from counted
full join r1 using (domain)
cross join total
order by coalesce(r1.position, 8), domain
