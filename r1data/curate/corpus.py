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
    token_counts: pl.LazyFrame,
) -> pl.LazyFrame:
    """Put together the accepted traces of a night.

    Args:
        selected: schema SELECTED, of one recipe and night.
        rollouts: schema ROLLOUTS, all of the prompts in question: the pass rate is the mean reward of the
            decided ones, so an undecided rollout (truncated, timed out) counts neither way; nor does one that
            was made because of what came of others. Texts are read of the nights of `selected` alone.
        prompts, prompt_references, teachers, verdicts, reviews: whole ledgers.
        token_counts: schema TOKEN_COUNTS, by one tokenizer.

    Returns:
        Schema CORPUS, one row per accepted trace, in the order of `rollouts`. All but the texts is put
        together here; the texts stream past it.
    """
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
    attempts = rollouts.join(accepted.select("prompt_id").unique(), on="prompt_id", how="semi")
    decided = deciding_verdicts(attempts, verdicts, prompt_references).filter(pl.col("verdict") != "unknown")
    unconditional = attempts.filter(pl.col("unconditional").fill_null(True)).select("rollout_id")
    counted = decided.join(unconditional, on="rollout_id", how="semi")
    pass_rates = counted.group_by("prompt_id", "teacher_id").agg(pass_rate=pl.col("reward").mean())
    student = token_counts.select("rollout_id", text="review_id", student_tokens="completion_tokens")
    rows = (
        accepted.join(prompts.drop("night"), on="prompt_id", how="left")
        .join(teachers.select("teacher_id", "terms"), on="teacher_id", how="left")
        .join(decided.select("rollout_id", ruled="reward"), on="rollout_id", how="left")
        .with_columns(reward=pl.coalesce("reward", "ruled"))  # selections of old name no reward
        .join(pass_rates, on=["prompt_id", "teacher_id"], how="left")
        .join(edits(reviews, accepted), on="rollout_id", how="left")
        .with_columns(text=pl.col("review_id").fill_null(""))
        .join(student, on=["rollout_id", "text"], how="left")
        .drop("ruled", "text")
        .collect()
    )
    of_nights = rollouts.filter(pl.col("night").is_in(rows["night"].unique().to_list()))
    # The rows are in memory before the join: a join reads both of its sides ahead while it waits for one.
    written = texts(of_nights).join(rows.lazy(), on="rollout_id", maintain_order="left")
    return as_edited(written).select(CORPUS.schema.names())


def edits(reviews: pl.LazyFrame, accepted: pl.LazyFrame) -> pl.LazyFrame:
    """What a person made of accepted traces: rollout_id, thought, said, edit (true)."""
    made = reviews.filter(verdict="edit").select(
        "review_id", thought="reasoning", said="answer", edit=pl.lit(True)
    )
    return accepted.select("rollout_id", "review_id").join(made, on="review_id").drop("review_id")


def as_edited(written: pl.LazyFrame) -> pl.LazyFrame:
    """`texts`, joined with `edits`, as the reviews that decided changed them; a thought that is not there is
    empty.
    """
    edited = pl.col("edit").fill_null(False)
    return written.with_columns(
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
