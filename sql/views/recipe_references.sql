-- Which reference counts for each recipe? The one that its own sources named last. Of a prompt for which they
-- never named one, the one that any recipe did. So two recipes may judge one prompt by different verifiers.
-- One row per recipe and prompt that it was given. Rows whose recipe is not known are every recipe's.
with
given as (select distinct recipe, prompt_id from intake)
select
    given.recipe,
    given.prompt_id,
    named.night,
    named.reference_version,
    named.reference,
    named.verifier,
    named.verifier_args,
    named.quality,
    named.added_at
from given
inner join prompt_references as named using (prompt_id)
qualify row_number() over (
    partition by given.recipe, given.prompt_id
    order by
        coalesce(named.recipe, given.recipe) = given.recipe desc,
        named.night desc,
        named.added_at desc,
        named.reference_version desc
) = 1
