-- What does the newest version of each verifier say of each rollout, and which verdict decides?
-- Versions are compared by the numbers in them, so that 1.10 is newer than 1.9. A reward model is no
-- verifier of prompts and decides nothing: what it says is in view `current_preferences`.
with
candidates as (
    select
        verdicts.*,
        rollouts.prompt_id,
        rollouts.teacher_id,
        coalesce(
            verdicts.verifier = current_references.verifier
            and verdicts.reference_version in ('', current_references.reference_version),
            false
        ) as deciding,
        cast(regexp_extract_all(verdicts.verifier_version, '[0-9]+') as bigint[]) as version_numbers
    from verdicts
    inner join rollouts using (rollout_id)
    left join current_references using (prompt_id)
    where
        verdicts.verifier <> 'reward_model'
        and verdicts.reference_version in ('', current_references.reference_version)
)
select
    night, rollout_id, prompt_id, teacher_id, verifier, verifier_version, reference_version, deciding,
    verdict, reward, reason, extracted, elapsed_ms, sandbox
from candidates
qualify row_number() over (
    partition by rollout_id, verifier
    order by deciding desc, version_numbers desc, verifier_version desc
) = 1
