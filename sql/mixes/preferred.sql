-- Which traces does a student learn from? Accepted ones that the newest reward model finds good.
-- Rules tell whether an answer is right, and not what people would rather read. The night's recipe names the
-- model, under [verify] reward_model. Traces that it has not read are left out.
-- $threshold = 0.5: reward, at least. 0.5 is the mean of the pairs that the model learnt from.
select *
from corpus
where
    recipe = $recipe
    and rollout_id in (select rollout_id from current_preferences where reward >= $threshold)
