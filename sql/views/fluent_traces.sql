-- Which traces have nothing but their verdict against them? One row per recipe and such trace.
-- So they finished, are well-formed (of domain general also without a thought), in one language, neither
-- repetitive nor contaminated, by the recipe's own limits. Accepted ones are among them. Texts are as people
-- edited them. `judge_verdict`: of the recipe's own judge where it has a vote, whatever another said later.
-- `copies_accepted`: near-duplicate of a trace that the recipe accepted. Mixes begin here.
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
    traces.domain,
    traces.family,
    traces.language,
    traces.source,
    traces.licence,
    traces.terms,
    if(selected.verdict is null, traces.reward, selected.reward) as reward,
    traces.pass_rate,
    selected.accepted,
    selected.rank,
    coalesce(selected.verdict, traces.rule_verdict) as verdict,
    if(selected.verdict is null and traces.rule_verdict in ('right', 'wrong'), 'rule', selected.decided_by)
        as decided_by,
    traces.rule_verdict,
    if(selected.judge_has_vote, selected.judge_verdict, traces.judge_verdict) as judge_verdict,
    selected.judge_has_vote,
    traces.human_verdict,
    not selected.accepted and copies.rollout_id is not null as copies_accepted
from selected
inner join traces using (rollout_id)
left join current_reviews using (rollout_id)
left join copies on copies.recipe = selected.recipe and copies.rollout_id = selected.rollout_id
where
    len(list_filter(selected.reasons, lambda reason: not starts_with(reason, 'verification:'))) = 0
    and traces.answer <> ''
