-- Which traces does a student learn from? The shortest accepted one of each prompt.
-- So prompts that are solved often count no more than those that are solved once.
select *
from corpus
where
    recipe = $recipe
    and rollout_id in (
        select rollout_id
        from corpus
        where recipe = $recipe
        qualify row_number() over (partition by prompt_id order by completion_tokens, rollout_id) = 1
    )
