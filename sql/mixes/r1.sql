-- Which traces does a student learn from? Every accepted one, in R1's proportion of reasoning to general.
-- R1 learnt from 600,000 reasoning and 200,000 general traces (https://arxiv.org/abs/2501.12948, 2.3.3).
-- `r1data sql reasoning_share` tells how far a corpus is from it.
-- $reasoning_per_general = 3: reasoning traces for each general one, exactly. 0 takes all.
select *
from corpus
where recipe = $recipe
