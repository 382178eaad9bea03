-- In which order should a student meet a recipe's prompts, from easy to hard? `rank` 1 is the easiest.
-- `difficulty`, 0 to 1, is 1 - pass rate where an attempt at the prompt was decided (`told_by` pass_rate).
-- The rate is over all teachers, each decided attempt counting once. Else it is the place by hints
-- (`told_by` hints) among the prompts of its source: by level, words, numbers. Levels of different sources
-- cannot be compared.
with
solved as (
    select prompt_id, sum(pass_rate * n_decided) / sum(n_decided) as pass_rate, sum(n_decided) as n_decided
    from pass_rates
    where n_decided > 0
    group by prompt_id
),
placed as (
    select
        recipe_prompts.*,
        solved.pass_rate,
        cast(coalesce(solved.n_decided, 0) as bigint) as n_decided,
        percent_rank() over (
            partition by recipe_prompts.recipe, recipe_prompts.source
            order by recipe_prompts.level nulls first, recipe_prompts.n_words, recipe_prompts.n_numbers
        ) as by_hints
    from recipe_prompts
    left join solved using (prompt_id)
)
select
    recipe,
    row_number() over (
        partition by recipe
        order by coalesce(1 - pass_rate, by_hints), by_hints, prompt_id
    ) as rank,
    prompt_id,
    night,
    coalesce(1 - pass_rate, by_hints) as difficulty,
    case when pass_rate is null then 'hints' else 'pass_rate' end as told_by,
    pass_rate,
    n_decided,
    level,
    n_chars,
    n_words,
    n_numbers,
    domain,
    source,
    messages
from placed
order by recipe, rank
