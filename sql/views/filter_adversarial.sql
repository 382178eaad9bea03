-- What is known to be wrong of each prompt and does not look it? R1's third level of filters, adversarial.
-- One row per stored rollout that finished, is well formed and fluent (at most half of its word 4-grams
-- repeat, no letter of another script), and whose answer the prompt's verifier found different from the
-- reference. `extracted` is that answer. `n_same` counts the prompt's such rollouts with the same one: the
-- wrong answer that most give tempts most, and has `rank` 1. Among equals the shortest trace comes first.
with
wrong as (
    select *
    from traces
    where
        verdict = 'wrong'
        and reason = 'different'
        and extracted is not null
        and trim(extracted) <> trim(coalesce(reference, ''))
        and finish_reason = 'stop'
        and well_formed
        and coalesce(repetition, 0) <= 0.5
        and coalesce(n_foreign_chars, 0) = 0
        and not contaminated
),
counted as (select *, count(*) over (partition by prompt_id, extracted) as n_same from wrong)
select
    prompt_id,
    rollout_id,
    teacher_id,
    night,
    row_number() over (
        partition by prompt_id
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
order by prompt_id, rank
