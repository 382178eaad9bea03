-- Which traces does a student learn from first? The approved traces of cold start.
select
    rollout_id,
    prompt_id,
    night,
    messages,
    reasoning,
    summary as answer,
    completion_tokens,
    domain,
    family,
    language,
    source,
    licence,
    terms
from cold_start
where recipe = $recipe
