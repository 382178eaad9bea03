-- What is known of rollout $rollout_id (or the one whose id begins so), and why was it kept or dropped?
with
wanted as (select * from rollouts where starts_with(rollout_id, $rollout_id) order by rollout_id limit 1),
story (position, step, finding, detail) as (
    select 1, 'prompt', prompts.source || ', ' || prompts.origin, prompts.messages[-1].content
    from wanted
    inner join prompts using (prompt_id)
    union all
    select 2, 'reference', verifier, reference
    from wanted
    inner join current_references using (prompt_id)
    union all
    select 3, 'teacher', teachers.name, teachers.model || ', temperature ' || teachers.temperature
    from wanted
    inner join teachers using (teacher_id)
    union all
    select
        4, 'rollout', finish_reason,
        'night ' || night || ', attempt ' || "index" || ', seed ' || seed || ', '
        || coalesce(completion_tokens || ' tokens', 'tokens not counted') || ', ' || engine
    from wanted
    union all
    select 5, 'completion', null, completion from wanted
    union all
    select
        6, 'verdict of ' || verifier, verdict || ': ' || reason,
        concat_ws(', ', 'extracted ' || extracted, 'version ' || verifier_version)
    from wanted
    inner join verdicts using (rollout_id)
    union all
    select
        7, 'judgement by ' || rubric || coalesce(' of ' || teachers.name, ''), verdict || ': ' || reason,
        concat_ws(
            ', ',
            'margin ' || round(margin, 2),
            array_to_string(
                [
                    if(vote.swapped, 'swapped ', 'vote ') || coalesce(vote.word, 'not readable')
                    || coalesce(' ' || round(vote.margin, 2), '')
                    for vote in votes
                ],
                ', '
            ),
            'rubric version ' || rubric_version
        )
    from wanted
    inner join judgements using (rollout_id)
    left join (select teacher_id as judge_id, name from teachers) as teachers using (judge_id)
    union all
    select
        8, 'review by ' || reviewer, verdict,
        concat_ws(', ', strftime(reviewed_at, '%Y-%m-%d'), note, 'answer ' || answer)
    from wanted
    inner join reviews using (rollout_id)
    union all
    select
        9, 'language', coalesce(round(100 * target_share, 1) || ' % ' || target, 'not measured'),
        n_foreign_chars || ' foreign letters ' || coalesce(cast(foreign_spans as varchar), '')
    from wanted
    inner join language using (rollout_id)
    union all
    select
        10, 'readability', n_tag_errors || ' tag errors',
        'repetition ' || round(repetition, 2) || ', longest paragraph ' || longest_paragraph_chars
        || ' characters, ' || n_code_blocks || ' code blocks'
    from wanted
    inner join readability using (rollout_id)
    union all
    select
        11, 'contamination of the ' || subject, if(contaminated, benchmark || ', ' || method, 'clean'),
        item_id || ': ' || evidence
    from wanted
    inner join contamination on subject_id in (rollout_id, prompt_id)
    union all
    select 12, 'duplicate', 'Jaccard ' || round(jaccard, 3), 'of the earlier ' || twin_id
    from wanted
    inner join duplicates using (rollout_id)
    union all
    select
        13, 'selection by ' || recipe, if(accepted, 'accepted, rank ' || rank, 'rejected at ' || stage),
        concat_ws(', ', 'decided by ' || decided_by, array_to_string(reasons, ', '), 'twin ' || twin_id)
    from wanted
    inner join selected using (rollout_id)
)
select step, finding, detail
from story
order by position, step, detail
