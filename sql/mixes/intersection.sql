-- Which traces does a student learn from? What neither a rule nor a judge that has a vote doubts.
-- One of them calls it right, and the other one, where it was asked and decided, does too. People overrule
-- both. Copies are left out.
-- $keep = 4: traces of one prompt, at most, those of the corpus first.
select * exclude (messages, reasoning, answer)
from fluent_traces
where
    recipe = $recipe
    and rollout_id in (
        select rollout_id
        from believed_traces
        where belief = 'intersection' and recipe = $recipe and place <= $keep
    )
