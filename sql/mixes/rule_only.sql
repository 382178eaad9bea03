-- Which traces does a student learn from? What the rules call right, as if no judge had been asked.
-- People overrule them. Four of each prompt, those of the corpus first, without copies. Over all nights of
-- $recipe.
with
told as (
    select *
    from fluent_traces
    where
        recipe = $recipe
        and not copies_accepted
        and case
            when human_verdict is not null then human_verdict <> 'wrong'
            else coalesce(rule_verdict = 'right', false)
        end
),
chosen as (
    select *
    from told
    where not exists (
        select 1
        from duplicates
        inner join told as earlier on earlier.rollout_id = duplicates.twin_id
        where duplicates.rollout_id = told.rollout_id and not told.accepted
    )
)
select
    rollout_id,
    prompt_id,
    night,
    messages,
    reasoning,
    answer,
    completion_tokens,
    domain,
    family,
    language,
    source,
    licence,
    terms,
    reward,
    pass_rate
from chosen
qualify row_number() over (
    partition by prompt_id
    order by accepted desc, rank, completion_tokens, rollout_id
) <= 4
order by night, rollout_id
