-- What does the newest reward model say of each rollout? A `reward` of 0.5 is the mean of its own pairs.
-- Newest is the one that was trained last. A model that was not trained here counts as older than those.
-- `reward` is null where the trace was cut off or is longer than the model reads.
with
trained as (
    select revision, max(trained_at) as trained_at, arg_max(student, trained_at) as student
    from students
    group by revision
)
select
    verdicts.night,
    verdicts.rollout_id,
    trained.student,
    verdicts.verifier_version as revision,
    verdicts.verdict,
    verdicts.reward,
    verdicts.reason
from verdicts
left join trained on trained.revision = verdicts.verifier_version
where verdicts.verifier = 'reward_model'
qualify row_number() over (
    partition by verdicts.rollout_id
    order by trained.trained_at desc nulls last, verdicts.verifier_version desc
) = 1
