"""Tables of what is asked: benchmark items, prompts, their references, and what tonight's sources gave."""

import polars as pl

from r1data.schema.table import MESSAGES, PROMPT, RECIPE, Column, derived, ledger

QUESTION_COLUMNS = (
    Column("domain", pl.String, "One of math, code, stem, logic, instruction, general."),
    Column(
        "family",
        pl.String,
        "Kind of task within its source, such as a template family; few-shots follow table prompts.",
    ),
    Column("level", pl.Int64, "Difficulty that the source states, 1 = easiest; null when it states none."),
)

SOURCE_COLUMNS = (
    Column("origin", pl.String, "Where in the source: file and row, or generator and seed."),
    Column("licence", pl.String, "SPDX licence of the prompt text; null when the source does not say."),
)

BENCHMARKS = ledger(
    "benchmarks",
    "benchmark item_id",
    "One row per evaluation item: what must never leak into training.",
    Column("benchmark", pl.String, "Name of the benchmark."),
    Column("item_id", pl.String, "Prompt id of the item."),
    MESSAGES,
    Column("reference", pl.String, "Known-good answer of the item."),
    Column("verifier", pl.String, "Name of the verifier that decides the item."),
    Column("verifier_args", pl.String, "Arguments of the verifier, as a JSON object."),
    *QUESTION_COLUMNS,
)

PROMPTS = ledger(
    "prompts",
    "prompt_id",
    "One row per prompt, from the first night on which a source gave it.",
    PROMPT,
    MESSAGES,
    *QUESTION_COLUMNS,
    Column("language", pl.String, "ISO 639-1 code of the language in which the trace must be written."),
    Column("source", pl.String, "Name of the prompt source in the recipe that first gave it."),
    *SOURCE_COLUMNS,
)

PROMPT_REFERENCES = ledger(
    "prompt_references",
    "prompt_id reference_version added_at",
    "One row per prompt and time at which its reference, or what is known against it, changed.",
    PROMPT,
    Column("reference_version", pl.String, "Content address of reference, verifier and arguments."),
    Column("reference", pl.String, "Known-good answer."),
    Column("verifier", pl.String, "Name of the verifier that decides completions of this prompt."),
    Column("verifier_args", pl.String, "Arguments of the verifier, as a JSON object."),
    Column(
        "quality",
        pl.String,
        "Why the reference cannot be used, one word of `r1data.prompts.quality.QUALITIES`; null when it can.",
    ),
    Column(
        "added_at",
        pl.Datetime("us", "UTC"),
        "When a source named this version anew; the last one of the latest night is current.",
    ),
    Column(
        "recipe",
        pl.String,
        "Name of the recipe whose source named it, for which it counts before what others name; null where it"
        " was not stored, and then it is every recipe's.",
    ),
)

INBOX = ledger(
    "inbox",
    "recipe source file_id",
    "One row per file of an inbox, from the night that first saw it and asks it.",
    RECIPE,
    Column("source", pl.String, "Name of the inbox in the recipe."),
    Column("file_id", pl.String, "SHA-256 of the file's content."),
    Column("file", pl.String, "Name of the file when it was first seen."),
    Column("n_rows", pl.Int64, "Questions that it gave; null when it could not be used."),
    Column("error", pl.String, "Why it could not be used; null when it could."),
)

INTAKE = derived(
    "intake",
    "prompt_id",
    "One row per distinct prompt that the recipe's sources gave tonight, kept or marked with a reason, and"
    " what they say of it; of several nights the latest counts for the recipe.",
    PROMPT,
    *QUESTION_COLUMNS,
    Column("source", pl.String, "Name of the prompt source in the recipe."),
    *SOURCE_COLUMNS,
    Column("n_copies", pl.Int64, "How often the sources gave this prompt tonight."),
    Column("kept", pl.Boolean, "Whether the prompt may be asked tonight."),
    Column(
        "reason",
        pl.String,
        "Why not: contaminated, near_duplicate, no_licence, over_quota, or the quality of its reference; null"
        " when kept.",
    ),
    Column(
        "evidence", pl.String, "The benchmark item, reference, prompt or quota that decided; null when kept."
    ),
    Column(
        "numbers_key",
        pl.String,
        "Digest of the numbers of the prompt in their order; only prompts with the same are compared.",
    ),
)

THRESHOLDS = derived(
    "thresholds",
    "name",
    "One row per number of a recipe that views go by; of several nights, the latest counts.",
    Column("name", pl.String, "Section and key of the recipe, such as difficulty.min_pass_rate."),
    Column("value", pl.Float64, "What the recipe says, or the default."),
)

ATTRIBUTES = ("source", *(column.name for column in (*QUESTION_COLUMNS, *SOURCE_COLUMNS)))
"""What a recipe's sources say of a prompt, also otherwise than the recipe that first gave it."""
