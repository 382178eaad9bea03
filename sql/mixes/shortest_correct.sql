-- Which traces does a student learn from? The shortest accepted ones of each prompt.
-- So it learns to think no longer than it must.
-- $keep = 2: traces of one prompt, at most.
select *
from corpus
where
    recipe = $recipe
    and rollout_id in (
        select rollout_id
        from corpus
        where recipe = $recipe
        qualify row_number() over (partition by prompt_id order by completion_tokens, rollout_id) <= $keep
    )
