"""Derived tables at the end of a night: the selection and the corpus."""

import polars as pl

from r1data.schema.prompts import QUESTION_COLUMNS
from r1data.schema.table import MESSAGES, PROMPT, ROLLOUT, TEACHER, Column, derived

_DECIDED_BY = Column(
    "decided_by", pl.String, "Whose verdict it is: rule, judge or person; null while nobody has decided."
)
_REVIEW = Column("review_id", pl.String, "The review that decided; null where no person did.")

SELECTED = derived(
    "selected",
    "rollout_id",
    "One row per rollout of the night: accepted or not, and every reason why not.",
    ROLLOUT,
    PROMPT,
    TEACHER,
    Column("accepted", pl.Boolean, "Whether the trace is in the corpus."),
    Column(
        "rank", pl.Int64, "Place among the eligible traces of its prompt, 1 is best; null when not eligible."
    ),
    Column(
        "stage",
        pl.String,
        "First stage that rejected it: generation, verification, format, language, readability, "
        "contamination, duplicates or selection; null when accepted.",
    ),
    Column("reasons", pl.List(pl.String), "All reasons against it, as stage:reason; empty when accepted."),
    Column("twin_id", pl.String, "The accepted or better trace that it duplicates; null otherwise."),
    Column(
        "verdict",
        pl.String,
        "right, wrong or unknown: of a person, else a rule, else a judge that has a vote; null without any.",
    ),
    Column("reward", pl.Float64, "Reward of that verdict, 0 to 1; null when unknown."),
    _DECIDED_BY,
    _REVIEW,
    Column(
        "judge_verdict",
        pl.String,
        "What the recipe's judge said of it then, all rubrics together; null where it was not asked.",
    ),
    Column(
        "judge_has_vote", pl.Boolean, "Whether what the judge said of it counts; null where it was not asked."
    ),
)

CORPUS = derived(
    "corpus",
    "rollout_id",
    "One row per accepted trace, with its text and every number that a mix needs.",
    ROLLOUT,
    PROMPT,
    TEACHER,
    MESSAGES,
    Column(
        "reasoning",
        pl.String,
        "The thought, without its tags, as a person edited it if one did; empty where none is needed.",
    ),
    Column("answer", pl.String, "What follows the thought, as a person edited it if one did."),
    *QUESTION_COLUMNS,
    Column("language", pl.String, "ISO 639-1 code of the trace's language."),
    Column("source", pl.String, "Name of the prompt source."),
    Column("licence", pl.String, "SPDX licence of the prompt; null when the source does not say."),
    Column("terms", pl.String, "Terms of use of the teacher's completions."),
    Column("reward", pl.Float64, "Reward of the verdict that decided, 0 to 1."),
    _DECIDED_BY,
    _REVIEW,
    Column("rank", pl.Int64, "Place among the eligible traces of its prompt, 1 is best."),
    Column(
        "pass_rate",
        pl.Float64,
        "Mean reward, by rule, of the decided, unconditional rollouts of this prompt and teacher, 0 to 1.",
    ),
    Column(
        "completion_tokens",
        pl.Int64,
        "Tokens of the completion, as its teacher counted; null when nobody did or a person edited the text.",
    ),
    Column(
        "student_tokens",
        pl.Int64,
        "Tokens of the completion by the tokenizer of the recipe's first student; null without a student.",
    ),
)
