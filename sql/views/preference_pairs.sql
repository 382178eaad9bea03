-- Which trace is better than which? The best accepted trace of a prompt and its shortest finished wrong one.
with
chosen as (
    select *
    from corpus
    qualify row_number() over (partition by recipe, prompt_id order by rank, rollout_id) = 1
),
rejected as (
    select prompt_id, rollout_id, reasoning, answer
    from traces
    where verdict = 'wrong' and finish_reason = 'stop' and well_formed and not contaminated
    qualify row_number() over (partition by prompt_id order by completion_tokens, rollout_id) = 1
)
select
    chosen.recipe,
    chosen.night,
    chosen.prompt_id,
    chosen.messages,
    chosen.rollout_id as chosen_id,
    chosen.reasoning as chosen_reasoning,
    chosen.answer as chosen_answer,
    rejected.rollout_id as rejected_id,
    rejected.reasoning as rejected_reasoning,
    rejected.answer as rejected_answer
from chosen
inner join rejected using (prompt_id)
