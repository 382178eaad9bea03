"""Ledgers of the judge: what it said of rollouts and of rows with known verdicts, and how well it did."""

import polars as pl

from r1data.schema.table import ROLLOUT, Column, ledger

VOTE = pl.Struct({"swapped": pl.Boolean, "word": pl.String, "margin": pl.Float64, "reply": pl.String})

_JUDGE = (
    Column("judge_id", pl.String, "Content address of the judge, in table teachers."),
    Column("rubric", pl.String, "Name of the rubric."),
    Column("rubric_version", pl.String, "Content address of the rubric, the protocol and its settings."),
)
_SAID = (
    Column(
        "verdict", pl.String, "One of right, wrong, unknown; pairwise: whether the first answer is better."
    ),
    Column("reward", pl.Float64, "0 (wrong) to 1 (right), in between for criteria; null when unknown."),
    Column("reason", pl.String, "One word of the judge's closed vocabulary."),
    Column(
        "margin",
        pl.Float64,
        "Difference of the probabilities of the two likeliest words, the least of its votes; null when the "
        "engine gives none.",
    ),
    Column(
        "votes",
        pl.List(VOTE),
        "Every vote: whether what it compares was swapped, the word (null when it could not be read), its "
        "margin, the raw reply.",
    ),
    Column("elapsed_s", pl.Float64, "Seconds from the first question to the last vote."),
)

JUDGEMENTS = ledger(
    "judgements",
    "rollout_id judge_id rubric rubric_version reference_version",
    "One row per rollout, judge and version of rubric and reference; it counts once the judge has a vote.",
    ROLLOUT,
    *_JUDGE,
    Column("reference_version", pl.String, "Version of the reference; empty where the prompt has none."),
    *_SAID,
    Column("judged_at", pl.Datetime("us", "UTC"), "When it was said; of several judges the latest counts."),
)

CALIBRATION_ROWS = ledger(
    "calibration_rows",
    "row_id judge_id rubric rubric_version",
    "One row per labelled row or attack that a judge was measured on.",
    Column("row_id", pl.String, "Content address of what was asked."),
    *_JUDGE,
    Column("source", pl.String, "Name of the calibration source in the recipe."),
    Column(
        "domain",
        pl.String,
        "Domain of the row; null when it counts for every domain without rows of its own.",
    ),
    Column("attack", pl.String, "Name of the canary attack; null for a labelled row."),
    Column(
        "label", pl.String, "The known verdict: right or wrong; of an attack, the one that it must not turn."
    ),
    Column("question", pl.String, "What was asked."),
    Column("answer", pl.String, "The answer that was judged, 2,000 characters at most."),
    Column("other", pl.String, "The second answer, 2,000 characters at most; null unless pairwise."),
    Column("reference", pl.String, "Known-good answer; null when the rubric needs none."),
    *_SAID,
)

ATTACK = pl.Struct({"attack": pl.String, "n_rows": pl.Int64, "n_won": pl.Int64})

CALIBRATIONS = ledger(
    "calibrations",
    "calibration_id domain",
    "One row per judge, rubric, set of labelled rows and domain: how far the judge may be believed.",
    Column(
        "calibration_id", pl.String, "Content address of judge, rubric, rows and the one that it follows."
    ),
    *_JUDGE,
    Column("data_version", pl.String, "Content address of the rows."),
    Column(
        "sources_version",
        pl.String,
        "Content address of the recipe's sections that gave them; null in lakes of before this column.",
    ),
    Column("domain", pl.String, "Domain; `any` for every domain without rows of its own."),
    Column("n_rows", pl.Int64, "Labelled rows."),
    Column("n_decided", pl.Int64, "Rows of which it said right or wrong."),
    Column("kappa", pl.Float64, "Cohen's κ with the labels over the decided rows; null when undefined."),
    Column("kappa_low", pl.Float64, "Lower end of its 95 % interval."),
    Column("kappa_high", pl.Float64, "Upper end."),
    Column("false_positives", pl.Float64, "Share of the wrong rows that it called right; null without any."),
    Column("false_positives_high", pl.Float64, "Upper end of its 95 % interval."),
    Column("false_negatives", pl.Float64, "Share of the right rows that it called wrong; null without any."),
    Column("false_negatives_high", pl.Float64, "Upper end of its 95 % interval."),
    Column("position_bias", pl.Float64, "Share of the rows on which swapping changed its mind."),
    Column("first_share", pl.Float64, "Of those, the share in which the first place won; null without any."),
    Column(
        "canaries",
        pl.List(ATTACK),
        "Attacks, how often each was tried (0 while a reply is missing), how often it won.",
    ),
    Column("measured_at", pl.Datetime("us", "UTC"), "When it was summed up."),
)
