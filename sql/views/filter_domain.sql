-- Which prompts does R1's second level of filters, domain, let pass? Those of math, code, stem or logic.
-- One row per recipe and prompt that passed the basic level. `domain` is what the source states, or, where
-- it says auto, what r1data/prompts/domain.py tells from the text. `passed` is false for instruction and
-- general.
select
    filter_basic.recipe,
    filter_basic.prompt_id,
    filter_basic.source,
    given_prompts.domain,
    given_prompts.family,
    given_prompts.domain in ('math', 'code', 'stem', 'logic') as passed
from filter_basic
inner join given_prompts using (recipe, prompt_id)
where filter_basic.passed
