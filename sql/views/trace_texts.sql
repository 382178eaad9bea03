-- What does a rollout say? Its prompt, thought and answer, as people edited them, with blanks at their ends.
-- Mixes that return no texts get these. Trimming costs DuckDB more than all else, so the reader does it.
select
    rollouts.rollout_id,
    prompts.messages,
    case
        when current_reviews.human_verdict = 'edited' then coalesce(current_reviews.reasoning, '')
        when rollouts.thought_start is null then ''
        when rollouts.thought_end is null then substring(rollouts.completion, rollouts.thought_start + 1)
        else substring(
            rollouts.completion, rollouts.thought_start + 1, rollouts.thought_end - rollouts.thought_start
        )
    end as reasoning,
    if(
        current_reviews.human_verdict = 'edited',
        current_reviews.answer,
        substring(rollouts.completion, rollouts.answer_start + 1)
    ) as answer
from rollouts
inner join prompts using (prompt_id)
left join current_reviews using (rollout_id)
