-- What is known of every rollout? Its texts, its prompt, its newest facts, and how it was selected.
-- One row per rollout: of several recipes, the one that accepted it, or else the first by name. Of its prompt
-- it says what that recipe's sources do, or, where no recipe selected it, what the first source did.
-- `contaminated`: some version of the comparison found a benchmark item in the prompt or in the trace.
-- `n_pii`: marks of personal data in prompt and trace, null where one of them was not searched.
-- `verdict`, `reward` and `decided_by` are what counted there (a person, else a rule, else a judge that has a
-- vote), or else the rule's. `verifier`, `reason` and `extracted` are always the rule's. `judge_verdict`: all
-- rubrics of the newest judge together. Texts are the model's own, `current_reviews` has the edited ones.
with
deciding as (select * from current_verdicts where deciding),
forms as (
    select rollout_id, verdict = 'right' as well_formed
    from current_verdicts
    where verifier = 'format'
),
leaks as (
    select subject, subject_id, bool_or(contaminated) as contaminated, min(benchmark) as benchmark
    from contamination
    group by subject, subject_id
),
selections as (
    select
        recipe, rollout_id, accepted, rank, stage, reasons, twin_id, verdict, reward, decided_by,
        judge_has_vote
    from selected
    qualify row_number() over (partition by rollout_id order by accepted desc, recipe) = 1
),
judged as (
    select
        rollout_id,
        case
            when bool_or(verdict = 'wrong') then 'wrong'
            when bool_and(verdict = 'right') then 'right'
            else 'unknown'
        end as judge_verdict
    from current_judgements
    group by rollout_id
)
select
    rollouts.night,
    rollouts.rollout_id,
    rollouts.prompt_id,
    rollouts.teacher_id,
    teachers.name as teacher,
    rollouts."index",
    rollouts.retry_of,
    coalesce(rollouts.unconditional, true) as unconditional,
    rollouts.engine,
    rollouts.seed,
    prompts.messages,
    coalesce(given_prompts.domain, prompts.domain) as domain,
    if(given_prompts.domain is null, prompts.family, given_prompts.family) as family,
    prompts.language,
    if(given_prompts.domain is null, prompts.source, given_prompts.source) as source,
    if(given_prompts.domain is null, prompts.licence, given_prompts.licence) as licence,
    teachers.terms,
    current_references.reference,
    rollouts.completion,
    trim(
        case
            when rollouts.thought_end is null then substring(rollouts.completion, rollouts.thought_start + 1)
            else substring(
                rollouts.completion,
                rollouts.thought_start + 1,
                rollouts.thought_end - rollouts.thought_start
            )
        end,
        e' \n\r\t'
    ) as reasoning,
    trim(substring(rollouts.completion, rollouts.answer_start + 1), e' \n\r\t') as answer,
    coalesce(rollouts.reasoning_kind, 'full') as reasoning_kind,
    rollouts.finish_reason,
    rollouts.detail,
    rollouts.max_tokens,
    rollouts.prompt_tokens,
    rollouts.cached_tokens,
    rollouts.completion_tokens,
    rollouts.elapsed_s,
    rollouts.cost_usd,
    deciding.verifier,
    coalesce(selections.verdict, deciding.verdict) as verdict,
    if(selections.verdict is null, deciding.reward, selections.reward) as reward,
    if(
        selections.verdict is null,
        if(deciding.verdict in ('right', 'wrong'), 'rule', null),
        selections.decided_by
    ) as decided_by,
    deciding.verdict as rule_verdict,
    judged.judge_verdict,
    selections.judge_has_vote,
    current_reviews.human_verdict,
    deciding.reason,
    deciding.extracted,
    forms.well_formed,
    languages.target_share,
    languages.shares,
    languages.consistency,
    languages.n_foreign_chars,
    languages.foreign_spans,
    readabilities.repetition,
    readabilities.longest_paragraph_chars,
    readabilities.n_code_blocks,
    readabilities.n_tag_errors,
    readabilities.n_leaked_tags,
    readabilities.loop_chars,
    readabilities.inner_loop_chars,
    readabilities.compression_ratio,
    readabilities.thought_chars,
    readabilities.summary_chars,
    readabilities.restated_share,
    readabilities.thought_is_answer,
    readabilities.evidence,
    coalesce(trace_leaks.contaminated, false) or coalesce(prompt_leaks.contaminated, false) as contaminated,
    coalesce(trace_leaks.benchmark, prompt_leaks.benchmark) as benchmark,
    trace_marks.n_marks + prompt_marks.n_marks as n_pii,
    selections.recipe,
    selections.accepted,
    selections.rank,
    selections.stage,
    selections.reasons,
    selections.twin_id,
    pass_rates.pass_rate
from rollouts
left join prompts using (prompt_id)
left join teachers using (teacher_id)
left join current_references using (prompt_id)
left join deciding using (rollout_id)
left join forms using (rollout_id)
left join current_language as languages using (rollout_id)
left join current_readability as readabilities using (rollout_id)
left join leaks as trace_leaks
    on trace_leaks.subject = 'trace' and trace_leaks.subject_id = rollouts.rollout_id
left join leaks as prompt_leaks
    on prompt_leaks.subject = 'prompt' and prompt_leaks.subject_id = rollouts.prompt_id
left join current_pii as trace_marks
    on trace_marks.subject = 'trace' and trace_marks.subject_id = rollouts.rollout_id
left join current_pii as prompt_marks
    on prompt_marks.subject = 'prompt' and prompt_marks.subject_id = rollouts.prompt_id
left join selections using (rollout_id)
left join given_prompts
    on given_prompts.recipe = selections.recipe and given_prompts.prompt_id = rollouts.prompt_id
left join pass_rates
    on pass_rates.prompt_id = rollouts.prompt_id and pass_rates.teacher_id = rollouts.teacher_id
left join judged using (rollout_id)
left join current_reviews using (rollout_id)
