-- Which traces have nothing but their verdict against them? One row per recipe and such trace.
-- So they finished, are well-formed (of domain general also without a thought), in one language, neither
-- repetitive nor contaminated, by the recipe's own limits. Accepted ones are among them. Texts are as people
-- edited them. What is said of the prompt, and by rule and judge, is what counted for this recipe: others may
-- have another reference or judge. `copies_accepted`: near-duplicate of a trace that the recipe accepted.
-- `n_chars`: of thought and answer, null where nobody measured them. Mixes begin here.
with
twins as (
    select rollout_id, twin_id from duplicates
    union
    select twin_id as rollout_id, rollout_id as twin_id from duplicates
),
copies as (
    select distinct accepted.recipe, twins.rollout_id
    from twins
    inner join selected as accepted on accepted.rollout_id = twins.twin_id and accepted.accepted
)
select
    selected.recipe,
    traces.rollout_id,
    traces.prompt_id,
    traces.night,
    traces.messages,
    coalesce(
        if(traces.human_verdict = 'edited', current_reviews.reasoning, traces.reasoning), ''
    ) as reasoning,
    if(traces.human_verdict = 'edited', current_reviews.answer, traces.answer) as answer,
    if(traces.human_verdict = 'edited', null, traces.completion_tokens) as completion_tokens,
    corpus.student_tokens,
    if(given_prompts.domain is null, traces.domain, given_prompts.domain) as domain,
    if(given_prompts.domain is null, traces.family, given_prompts.family) as family,
    traces.language,
    if(given_prompts.domain is null, traces.source, given_prompts.source) as source,
    if(given_prompts.domain is null, traces.licence, given_prompts.licence) as licence,
    traces.terms,
    if(selected.verdict is null, traces.reward, selected.reward) as reward,
    traces.pass_rate,
    selected.accepted,
    selected.rank,
    coalesce(selected.verdict, traces.rule_verdict) as verdict,
    if(selected.verdict is null and traces.rule_verdict in ('right', 'wrong'), 'rule', selected.decided_by)
        as decided_by,
    case
        when selected.decided_by = 'rule' then selected.verdict
        when selected.decided_by = 'judge' or selected.verdict = 'unknown' then 'unknown'
        else traces.rule_verdict
    end as rule_verdict,
    if(selected.judge_has_vote, selected.judge_verdict, traces.judge_verdict) as judge_verdict,
    selected.judge_has_vote,
    traces.human_verdict,
    traces.n_foreign_chars,
    traces.repetition,
    traces.longest_paragraph_chars,
    traces.n_code_blocks,
    if(
        traces.human_verdict = 'edited',
        length(coalesce(current_reviews.reasoning, '')) + length(current_reviews.answer),
        traces.thought_chars + traces.summary_chars
    ) as n_chars,
    not selected.accepted and copies.rollout_id is not null as copies_accepted
from selected
inner join traces using (rollout_id)
left join given_prompts
    on given_prompts.recipe = selected.recipe and given_prompts.prompt_id = traces.prompt_id
left join current_reviews using (rollout_id)
left join copies on copies.recipe = selected.recipe and copies.rollout_id = selected.rollout_id
left join corpus on corpus.recipe = selected.recipe and corpus.rollout_id = selected.rollout_id
where
    len(list_filter(selected.reasons, lambda reason: not starts_with(reason, 'verification:'))) = 0
    and coalesce(
        if(traces.human_verdict = 'edited', current_reviews.answer <> '', traces.summary_chars > 0), true
    )
