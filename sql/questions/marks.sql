-- What stands where in the text of rollout $rollout_id?
-- Foreign spans, repetition, misplaced tags, personal data, parts of benchmarks. Places are in characters
-- of the completion. A repetition is named by the place where it was found first.
with
language_spans as (
    select unnest(foreign_spans) as found from current_language where rollout_id = $rollout_id
),
measured as (
    select unnest(evidence) as found from current_readability where rollout_id = $rollout_id
),
personal as (
    select unnest(marks) as found from current_pii where subject = 'trace' and subject_id = $rollout_id
),
places (kind, detail, offset_chars, length_chars) as (
    select 'foreign', coalesce(found.language, found.script), found."offset", found.length
    from language_spans
    union all
    select
        if(found.measure in ('n_tag_errors', 'n_leaked_tags'), 'tag', 'repetition'),
        found.measure, found."offset", found.length
    from measured
    where found.measure in ('repetition', 'loop_chars', 'inner_loop_chars', 'n_tag_errors', 'n_leaked_tags')
    union all
    select 'pii', found.kind, found."offset", found.length
    from personal
    union all
    select distinct 'benchmark', benchmark || ', ' || method, offset_chars, length_chars
    from contamination
    where subject = 'trace' and subject_id = $rollout_id and contaminated and offset_chars is not null
)
select kind, detail, offset_chars, length_chars
from places
order by offset_chars, kind, detail
