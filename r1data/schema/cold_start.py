"""Tables of cold start, and people's reviews."""

import polars as pl

from r1data.schema.prompts import QUESTION_COLUMNS
from r1data.schema.table import MESSAGES, PROMPT, ROLLOUT, TEACHER, Column, derived, ledger

_MARKS = (
    Column("index", pl.Int32, "Attempt number at this prompt, from 0."),
    Column("max_tokens", pl.Int32, "Completion tokens allowed."),
    Column("kept", pl.Boolean, "Whether it goes on to the next step."),
    Column(
        "stage",
        pl.String,
        "First stage that rejected it: skipped, generation, verification, format, language, readability, "
        "contamination, pattern or selection; null when kept.",
    ),
    Column("reasons", pl.List(pl.String), "All reasons against it, as stage:reason; empty when kept."),
)

COLD_START_ROLLOUTS = derived(
    "cold_start_rollouts",
    "rollout_id",
    "One row per rollout that cold start asks its teacher for: kept for refinement, or why not.",
    ROLLOUT,
    PROMPT,
    TEACHER,
    *_MARKS,
)

COLD_START_REFINED = derived(
    "cold_start_refined",
    "rollout_id",
    "One row per refinement: a rollout of the refiner, kept for review, or why not.",
    Column("rollout_id", pl.String, "Content address of the refiner's rollout."),
    Column("prompt_id", pl.String, "Content address of the request to refine, in table prompts."),
    Column("teacher_id", pl.String, "Content address of the refiner."),
    Column("original_id", pl.String, "The rollout that was refined."),
    Column("original_prompt_id", pl.String, "Content address of the prompt that it answers."),
    *_MARKS,
)

COLD_START = derived(
    "cold_start",
    "rollout_id",
    "One row per refined trace that a person approved, or that needs no approval.",
    Column("rollout_id", pl.String, "Content address of the refiner's rollout."),
    PROMPT,
    Column("original_id", pl.String, "The rollout that was refined."),
    TEACHER,
    Column("refiner_id", pl.String, "Content address of the refiner."),
    MESSAGES,
    Column("text", pl.String, "Mark, reasoning, mark, summary, with the marks of the recipe's pattern."),
    Column("reasoning", pl.String, "The refined thought, as a person edited it if one did."),
    Column("summary", pl.String, "The refined summary with the answer, as a person edited it if one did."),
    *QUESTION_COLUMNS,
    Column("language", pl.String, "ISO 639-1 code of the trace's language."),
    Column("source", pl.String, "Name of the prompt source."),
    Column("licence", pl.String, "SPDX licence of the prompt; null when the source does not say."),
    Column("terms", pl.String, "Terms of use of the teacher's and the refiner's completions."),
    Column("completion_tokens", pl.Int64, "Tokens of the refinement; null when nobody counted them."),
    Column("review_id", pl.String, "The review that decided; null without one."),
    Column("reviewer", pl.String, "Who reviewed it last; null without a review."),
)

REVIEWS = ledger(
    "reviews",
    "review_id",
    "One row per review of a rollout by a person; of several the latest counts, and all stay.",
    Column("review_id", pl.String, "Content address of the review and the file that it came in."),
    ROLLOUT,
    Column("verdict", pl.String, "approve, reject or edit."),
    Column("reasoning", pl.String, "The edited thought; null unless the verdict is edit."),
    Column("answer", pl.String, "The edited answer or summary; null unless the verdict is edit."),
    Column("reviewer", pl.String, "Who reviewed it."),
    Column(
        "reviewed_at", pl.Datetime("us", "UTC"), "When it was reviewed, or imported if the file is silent."
    ),
    Column("note", pl.String, "What the reviewer remarks; null without a remark."),
)
