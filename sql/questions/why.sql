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
        n_foreign_chars || ' foreign letters'
        || if(
            len(foreign_spans) > 0,
            ': ' || array_to_string(
                [
                    coalesce(span.language, span.script) || ' at ' || span."offset" || ' "'
                    || left(span.text, 60) || '"'
                    for span in foreign_spans[:5]
                ],
                ', '
            ) || if(len(foreign_spans) > 5, ' and ' || (len(foreign_spans) - 5) || ' more', ''),
            ''
        )
    from wanted
    inner join current_language using (rollout_id)
    union all
    select
        10, 'readability', 'repetition ' || round(repetition, 2),
        concat_ws(
            ', ',
            'longest paragraph ' || longest_paragraph_chars || ' characters',
            if(n_code_blocks > 0, n_code_blocks || ' code block' || if(n_code_blocks > 1, 's', ''), null),
            if(n_tag_errors > 0, n_tag_errors || ' tag error' || if(n_tag_errors > 1, 's', ''), null),
            if(n_leaked_tags > 0, n_leaked_tags || ' leaked tag' || if(n_leaked_tags > 1, 's', ''), null),
            if(loop_chars > 0, 'loop of ' || loop_chars || ' characters at an end', null),
            if(inner_loop_chars > 0, 'loop of ' || inner_loop_chars || ' characters anywhere', null),
            'compresses ' || round(compression_ratio, 1) || ' times',
            if(thought_chars = 0, 'no thought', null),
            if(summary_chars = 0, 'no summary', null),
            if(restated_share > 0, round(100 * restated_share) || ' % of the thought is in the prompt', null),
            if(thought_is_answer, 'the thought is the answer', null)
        )
    from wanted
    inner join current_readability using (rollout_id)
    union all
    select
        11, 'evidence of ' || found.measure, 'characters ' || found."offset" || ' to '
        || (found."offset" + found.length), found.text
    from wanted
    inner join current_readability using (rollout_id)
    cross join unnest(evidence) as pieces (found)
    union all
    select
        12, 'contamination of the ' || subject, if(contaminated, benchmark || ', ' || method, 'clean'),
        item_id || ': ' || evidence
    from wanted
    inner join contamination on subject_id in (rollout_id, prompt_id)
    union all
    select
        13, 'personal data in the ' || subject, mark.kind || ' ' || mark.masked,
        'characters ' || mark."offset" || ' to ' || (mark."offset" + mark.length)
    from wanted
    inner join current_pii on subject_id in (rollout_id, prompt_id)
    cross join unnest(marks) as pieces (mark)
    union all
    select 14, 'duplicate', 'Jaccard ' || round(jaccard, 3), 'of the earlier ' || twin_id
    from wanted
    inner join duplicates using (rollout_id)
    union all
    select
        15, 'selection by ' || recipe, if(accepted, 'accepted, rank ' || rank, 'rejected at ' || stage),
        concat_ws(
            ', ',
            'decided by ' || decided_by,
            nullif(array_to_string(reasons, ', '), ''),
            'twin ' || twin_id
        )
    from wanted
    inner join selected using (rollout_id)
)
select step, finding, detail
from story
order by position, step, detail
