-- What does the newest reward model say of each rollout? A `reward` of 0.5 is the mean of its own pairs.
-- Newest of those that read any is the one that was trained last. Models that were not trained here count as
-- older, and the newest of them is the one that read the latest night. What the newest has not read has no
-- row: numbers of two models do not compare.
-- `reward` is null where the trace was cut off or is longer than the model reads.
with
trained as (
    select revision, max(trained_at) as trained_at, arg_max(student, trained_at) as student
    from students
    group by revision
),

newest as (
    select verdicts.verifier_version as revision, any_value(trained.student) as student
    from verdicts
    left join trained on trained.revision = verdicts.verifier_version
    where verdicts.verifier = 'reward_model'
    group by verdicts.verifier_version
    order by max(trained.trained_at) desc nulls last, max(verdicts.night) desc, revision desc
    limit 1
)
select
    verdicts.night,
    verdicts.rollout_id,
    newest.student,
    newest.revision,
    verdicts.verdict,
    verdicts.reward,
    verdicts.reason
from verdicts
inner join newest on newest.revision = verdicts.verifier_version
where verdicts.verifier = 'reward_model'
