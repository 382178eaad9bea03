-- Which traces does a student learn from? What a rule or a judge that has a vote calls right.
-- So the judge may overrule a rule that found a text different from the reference, for it may say the same.
-- People overrule both. Copies are left out.
-- $keep = 4: traces of one prompt, at most, those of the corpus first.
select * exclude (messages, reasoning, answer)
from fluent_traces
where
    recipe = $recipe
    and rollout_id in (
        select rollout_id
        from believed_traces
        where belief = 'union' and recipe = $recipe and place <= $keep
    )
