-- Which traces does a student learn from? Every finished one with a thought and an answer, right or wrong.
-- What the filters of the other mixes are worth shows beside this one. Contaminated ones are never taught.
select
    traces.rollout_id,
    traces.prompt_id,
    traces.night,
    if(traces.human_verdict = 'edited', null, traces.completion_tokens) as completion_tokens,
    corpus.student_tokens,
    if(given_prompts.domain is null, traces.domain, given_prompts.domain) as domain,
    if(given_prompts.domain is null, traces.family, given_prompts.family) as family,
    traces.language,
    if(given_prompts.domain is null, traces.source, given_prompts.source) as source,
    if(given_prompts.domain is null, traces.licence, given_prompts.licence) as licence,
    traces.terms,
    if(selected.verdict is null, traces.reward, selected.reward) as reward,
    traces.pass_rate
from selected
inner join traces using (rollout_id)
left join given_prompts
    on given_prompts.recipe = selected.recipe and given_prompts.prompt_id = traces.prompt_id
left join corpus on corpus.recipe = selected.recipe and corpus.rollout_id = selected.rollout_id
where
    selected.recipe = $recipe
    and traces.finish_reason = 'stop'
    and traces.reasoning_kind = 'full'
    and coalesce(traces.thought_chars > 0 and traces.summary_chars > 0, traces.well_formed)
    and not traces.contaminated
