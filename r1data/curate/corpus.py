"""The corpus: accepted traces with their text and every number that a mix needs."""

import polars as pl

from r1data.curate.current import deciding_verdicts
from r1data.schema.corpus import CORPUS


def corpus(
    selected: pl.LazyFrame,
    *,
    rollouts: pl.LazyFrame,
    prompts: pl.LazyFrame,
    prompt_references: pl.LazyFrame,
    teachers: pl.LazyFrame,
    verdicts: pl.LazyFrame,
    reviews: pl.LazyFrame,
) -> pl.LazyFrame:
    """Put together the accepted traces of a night.

    Args:
        selected: schema SELECTED, of one recipe and night.
        rollouts: schema ROLLOUTS, all of the prompts in question: the pass rate is the mean reward of the
            decided ones, so an undecided rollout (truncated, timed out) counts neither way; nor does one that
            was made because of what came of others.
        prompts, prompt_references, teachers, verdicts, reviews: whole ledgers.

    Returns:
        Schema CORPUS, one row per accepted trace, by prompt_id and rank.
    """
    decided = deciding_verdicts(rollouts, verdicts, prompt_references).filter(pl.col("verdict") != "unknown")
    unconditional = rollouts.filter(pl.col("unconditional").fill_null(True)).select("rollout_id")
    counted = decided.join(unconditional, on="rollout_id", how="semi")
    pass_rates = counted.group_by("prompt_id", "teacher_id").agg(pass_rate=pl.col("reward").mean())
    accepted = selected.filter("accepted").select(
        "recipe",
        "night",
        "rollout_id",
        "prompt_id",
        "teacher_id",
        "rank",
        "reward",
        "decided_by",
        "review_id",
    )
    return (
        accepted.join(_edited(texts(rollouts), accepted, reviews), on="rollout_id", how="left")
        .join(prompts.drop("night"), on="prompt_id", how="left")
        .join(teachers.select("teacher_id", "terms"), on="teacher_id", how="left")
        .join(decided.select("rollout_id", ruled="reward"), on="rollout_id", how="left")
        .with_columns(reward=pl.coalesce("reward", "ruled"))  # selections of old name no reward
        .join(pass_rates, on=["prompt_id", "teacher_id"], how="left")
        .select(CORPUS.schema.names())
        .sort("prompt_id", "rank", "rollout_id")
    )


def _edited(written: pl.LazyFrame, accepted: pl.LazyFrame, reviews: pl.LazyFrame) -> pl.LazyFrame:
    """Texts as the reviews that decided changed them; a thought that is not there is empty."""
    edits = reviews.filter(verdict="edit").select(
        "review_id", thought="reasoning", said="answer", edit=pl.lit(True)
    )
    found = accepted.select("rollout_id", "review_id").join(edits, on="review_id")
    edited = pl.col("edit").fill_null(False)
    return written.join(found, on="rollout_id", how="left").select(
        "rollout_id",
        completion_tokens=pl.when(~edited).then("completion_tokens"),
        reasoning=pl.when(edited).then("thought").otherwise("reasoning").fill_null(""),
        answer=pl.when(edited).then("said").otherwise("answer"),
    )


def texts(rollouts: pl.LazyFrame) -> pl.LazyFrame:
    """What a mix reads of each rollout: rollout_id, completion_tokens, reasoning and answer, both trimmed."""
    completion = pl.col("completion")
    thought_chars = pl.col("thought_end") - pl.col("thought_start")
    return rollouts.select(
        "rollout_id",
        "completion_tokens",
        reasoning=completion.str.slice(pl.col("thought_start"), thought_chars).str.strip_chars(),
        answer=completion.str.slice(pl.col("answer_start")).str.strip_chars(),
    )
