-- Which trace is better than which, told by their ids? One pair per recipe and prompt, without texts.
-- Of its accepted traces and its fluent wrong ones (see `fluent_traces`) the two most alike in length, so
-- that length tells nothing. `length_ratio`: shorter over longer, 0 to 1, in tokens where both were counted,
-- else in the characters of thought and answer, else null. `terms` are those of both sides, joined by AND
-- where they differ, and null where either side states none: what binds one binds the pair.
-- `chosen` is materialised, lest DuckDB join all of a recipe with all of it.
with
fluent as (
    select recipe, prompt_id, rollout_id, completion_tokens, n_chars, decided_by, verdict, terms
    from fluent_traces
),
chosen as materialized (
    select
        fluent.recipe,
        fluent.prompt_id,
        fluent.rollout_id,
        corpus.completion_tokens,
        corpus.rank,
        fluent.n_chars
    from fluent
    inner join corpus using (recipe, rollout_id)
),
pairs as (
    select
        chosen.recipe,
        chosen.rollout_id as chosen_id,
        rejected.rollout_id as rejected_id,
        rejected.completion_tokens as rejected_tokens,
        rejected.decided_by as rejected_decided_by,
        rejected.terms as rejected_terms,
        case
            when chosen.completion_tokens > 0 and rejected.completion_tokens > 0
                then
                    least(chosen.completion_tokens, rejected.completion_tokens)
                    / greatest(chosen.completion_tokens, rejected.completion_tokens)
            when chosen.n_chars > 0 and rejected.n_chars > 0
                then least(chosen.n_chars, rejected.n_chars) / greatest(chosen.n_chars, rejected.n_chars)
        end as length_ratio
    from chosen
    inner join fluent as rejected
        on rejected.recipe = chosen.recipe
        and rejected.prompt_id = chosen.prompt_id
        and rejected.rollout_id <> chosen.rollout_id
    where rejected.verdict = 'wrong'
    qualify row_number() over (
        partition by chosen.recipe, chosen.prompt_id
        order by length_ratio desc nulls last, chosen.rank, chosen_id, rejected_id
    ) = 1
)
select
    pairs.recipe,
    corpus.night,
    corpus.prompt_id,
    pairs.chosen_id,
    corpus.completion_tokens as chosen_tokens,
    coalesce(corpus.decided_by, 'rule') as chosen_decided_by,
    pairs.rejected_id,
    pairs.rejected_tokens,
    pairs.rejected_decided_by,
    corpus.domain,
    corpus.language,
    corpus.source,
    corpus.licence,
    if(
        corpus.terms = pairs.rejected_terms,
        corpus.terms,
        -- In brackets, because AND binds closer than OR.
        if(regexp_matches(corpus.terms, '(?i)\sor\s'), '(' || corpus.terms || ')', corpus.terms)
        || ' AND '
        || if(
            regexp_matches(pairs.rejected_terms, '(?i)\sor\s'),
            '(' || pairs.rejected_terms || ')',
            pairs.rejected_terms
        )
    ) as terms,
    pairs.length_ratio
from pairs
inner join corpus on corpus.recipe = pairs.recipe and corpus.rollout_id = pairs.chosen_id
