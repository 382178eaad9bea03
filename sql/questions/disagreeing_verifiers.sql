-- Where did a new version of a verifier change its mind?
select
    newer.rollout_id,
    newer.verifier,
    older.verifier_version as older_version,
    older.verdict as older_verdict,
    newer.verifier_version as newer_version,
    newer.verdict as newer_verdict,
    newer.extracted
from current_verdicts as newer
inner join verdicts as older using (rollout_id, verifier, reference_version)
where older.verifier_version <> newer.verifier_version and older.verdict <> newer.verdict
order by newer.verifier, newer.rollout_id, older.verifier_version
limit 100
