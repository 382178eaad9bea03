-- What is known to be wrong of each prompt and does not look it? R1's third level of filters, adversarial.
-- One row per recipe and trace that reads well (see `fluent_traces`), is wrong by what counted there, and
-- whose answer the prompt's verifier found different from the reference. `extracted` is that answer. `n_same`
-- counts the prompt's such traces with the same one: the wrong answer that most give tempts most, and has
-- `rank` 1. Among equals the shortest trace comes first.
with
wrong as (
    select fluent_traces.*, traces.teacher_id, traces.extracted, traces.reference
    from fluent_traces
    inner join traces using (rollout_id)
    where
        fluent_traces.verdict = 'wrong'
        and traces.reason = 'different'
        and traces.extracted is not null
        and trim(traces.extracted) <> trim(coalesce(traces.reference, ''))
),
counted as (select *, count(*) over (partition by recipe, prompt_id, extracted) as n_same from wrong)
select
    recipe,
    prompt_id,
    rollout_id,
    teacher_id,
    night,
    row_number() over (
        partition by recipe, prompt_id
        order by n_same desc, completion_tokens, rollout_id
    ) as rank,
    n_same,
    extracted,
    reference,
    messages,
    reasoning,
    answer,
    completion_tokens
from counted
order by recipe, prompt_id, rank
