-- What is the reference of each prompt? The one that the latest night's source named last.
select night, prompt_id, reference_version, reference, verifier, verifier_args, quality, added_at
from prompt_references
qualify row_number() over (
    partition by prompt_id
    order by night desc, added_at desc, reference_version desc
) = 1
