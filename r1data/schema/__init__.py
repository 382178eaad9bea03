"""Every table of the lake. To add one, describe it in a file here and name it below."""

from r1data.schema import cold_start, corpus, facts, judge, prompts, rollouts, students
from r1data.schema.table import Column, Table

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        prompts.BENCHMARKS,
        prompts.PROMPTS,
        prompts.PROMPT_REFERENCES,
        prompts.INBOX,
        prompts.INTAKE,
        prompts.THRESHOLDS,
        cold_start.COLD_START_ROLLOUTS,
        cold_start.COLD_START_REFINED,
        cold_start.REVIEWS,
        cold_start.COLD_START,
        rollouts.TEACHERS,
        rollouts.PLAN,
        rollouts.ROLLOUTS,
        rollouts.SKIPPED,
        rollouts.ENGINE_RUNS,
        facts.VERDICTS,
        judge.CALIBRATION_ROWS,
        judge.CALIBRATIONS,
        judge.JUDGEMENTS,
        facts.SIGNATURES,
        facts.DUPLICATES,
        facts.LANGUAGE,
        facts.READABILITY,
        facts.CONTAMINATION,
        facts.PII,
        corpus.SELECTED,
        facts.TOKEN_COUNTS,
        corpus.CORPUS,
        students.STUDENTS,
        students.EVALUATIONS,
    )
}
"""Tables by name, in the order in which a night fills them."""

__all__ = ["TABLES", "Column", "Table"]
