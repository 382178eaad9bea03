-- Which traces does a student learn from? What the rules call right, as if no judge had been asked.
-- People overrule them. Copies are left out.
-- $keep = 4: traces of one prompt, at most, those of the corpus first.
select * exclude (messages, reasoning, answer)
from fluent_traces
where
    recipe = $recipe
    and rollout_id in (
        select rollout_id
        from believed_traces
        where belief = 'rule' and recipe = $recipe and place <= $keep
    )
