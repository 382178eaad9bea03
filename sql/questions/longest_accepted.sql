-- Which accepted traces are the longest?
select rollout_id, domain, family, completion_tokens, left(answer, 80) as answer
from corpus
where recipe = $recipe
order by completion_tokens desc, rollout_id
limit 20
