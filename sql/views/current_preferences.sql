-- What does the newest reward model say of the rollouts that it has read? 0.5 is the mean of its own pairs.
-- Newest is the one that was trained last. A model that was not trained here counts as older than those.
-- `reward` is null where the trace was cut off or is longer than the model reads.
with
trained as (
    select revision, max(trained_at) as trained_at, arg_max(student, trained_at) as student
    from students
    group by revision
),
newest as (
    select verifier_version as revision
    from verdicts
    left join trained on trained.revision = verdicts.verifier_version
    where verifier = 'reward_model'
    order by trained.trained_at desc nulls last, verifier_version desc
    limit 1
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
inner join newest on newest.revision = verdicts.verifier_version
left join trained on trained.revision = verdicts.verifier_version
where verdicts.verifier = 'reward_model'
