-- What is the reference of each prompt? The one that a source named last on the latest night, of any recipe.
-- Where recipes differ, the one that changed its word last counts here and for what is no recipe's, such as
-- current_verdicts and pass_rates. What a recipe selects goes by its own word, see recipe_references.
select night, prompt_id, reference_version, reference, verifier, verifier_args, quality, added_at
from prompt_references
qualify row_number() over (
    partition by prompt_id
    order by night desc, added_at desc, reference_version desc
) = 1
