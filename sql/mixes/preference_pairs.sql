-- Which pairs does a reward model or DPO learn from? A right and a wrong trace of a prompt, alike in length.
-- Both read well, so that neither form nor length tells which is better. Pairs of unknown length are
-- left out.
-- $min_length_ratio = 0.5: the shorter by the longer, at least.
select *
from matched_pairs
where recipe = $recipe and length_ratio >= $min_length_ratio
