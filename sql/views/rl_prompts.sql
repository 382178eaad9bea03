-- Which prompts can a student learn from by reinforcement? Those that a teacher solves sometimes, not always.
select
    prompts.night,
    prompts.prompt_id,
    pass_rates.teacher_id,
    prompts.messages,
    prompts.domain,
    prompts.family,
    prompts.language,
    prompts.source,
    prompts.licence,
    current_references.reference,
    current_references.verifier,
    current_references.verifier_args,
    pass_rates.n_decided,
    pass_rates.pass_rate
from prompts
inner join current_references using (prompt_id)
inner join pass_rates using (prompt_id)
where current_references.quality is null and pass_rates.pass_rate > 0.1 and pass_rates.pass_rate < 0.9
