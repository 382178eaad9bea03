"""The plan of a night: which rollouts are wanted that no other night has made."""

import polars as pl

from r1data import ids
from r1data.schema import TABLES


def plan(
    intake: pl.LazyFrame,
    rollouts: pl.LazyFrame,
    *,
    night: str,
    recipe: str,
    teacher_id: str,
    n: int,
    max_tokens: int,
    available: pl.LazyFrame | None = None,
) -> pl.LazyFrame:
    """Attempts 0 … n - 1 of a teacher at every kept prompt, minus what other nights have stored.

    Rollouts of this night stay in its plan, so planning a finished night again gives the same rows.

    Args:
        intake: table `intake`; only kept rows of this recipe and night count.
        rollouts: table `rollouts`, all nights.
        night: the night, YYYY-MM-DD.
        recipe: name of the recipe.
        teacher_id: content address of the teacher.
        n: attempts per prompt.
        max_tokens: completion tokens allowed.
        available: prompt_id and n, how many attempts the engine has to give; none beyond them is planned.
            Without it, an engine makes what it is asked for.

    Returns:
        Table `plan`, sorted by prompt and index: attempts that share a prompt are neighbours in the engine.
    """
    asked = rollouts.filter(pl.col("night") != night).select("rollout_id", "prompt_id", "teacher_id")
    history = asked.group_by("prompt_id").agg(by_this=(pl.col("teacher_id") == teacher_id).any())
    mine = (pl.col("recipe") == recipe) & (pl.col("night") == night) & pl.col("kept")
    wanted = (
        _attempts(intake.filter(mine).select("prompt_id"), n, available)
        .with_columns(rollout_id=_rollout_ids(teacher_id))
        .join(asked, on="rollout_id", how="anti")
        .join(history, on="prompt_id", how="left")
    )
    reason = (
        pl.when(pl.col("by_this").is_null())
        .then(pl.lit("new"))
        .when(pl.col("by_this"))
        .then(pl.lit("more"))
        .otherwise(pl.lit("changed_teacher"))
    )
    table = TABLES["plan"].schema
    return (
        wanted.with_columns(
            recipe=pl.lit(recipe),
            night=pl.lit(night),
            teacher_id=pl.lit(teacher_id),
            retry_of=pl.lit(None, pl.String),
            reason=reason,
            max_tokens=pl.lit(max_tokens, pl.Int32),
        )
        .select(table.names())
        .sort("prompt_id", "index")
    )


def missing(plan: pl.LazyFrame, rollouts: pl.LazyFrame) -> pl.LazyFrame:
    """Rows of a plan whose rollout is not stored, in the plan's order: what the runner has yet to make."""
    return plan.join(rollouts.select("rollout_id"), on="rollout_id", how="anti", maintain_order="left")


def _attempts(prompts: pl.LazyFrame, n: int, available: pl.LazyFrame | None) -> pl.LazyFrame:
    """prompt_id and index of the first `n` attempts at each prompt, or of as many as are available."""
    if available is None:
        return prompts.join(pl.LazyFrame({"index": range(n)}, schema={"index": pl.Int32}), how="cross")
    at_most = pl.min_horizontal(pl.col("n"), pl.lit(n)).cast(pl.Int32)
    numbered = prompts.join(available, on="prompt_id").with_columns(
        index=pl.int_ranges(0, at_most, dtype=pl.Int32)
    )
    return numbered.select("prompt_id", "index").explode("index")


def _rollout_ids(teacher_id: str) -> pl.Expr:
    def name(rows: pl.Series) -> pl.Series:
        prompts, indices = rows.struct.field("prompt_id"), rows.struct.field("index")
        return pl.Series(
            [
                ids.rollout_id(prompt, teacher_id, index)
                for prompt, index in zip(prompts, indices, strict=True)
            ],
            dtype=pl.String,
        )

    return pl.struct("prompt_id", "index").map_batches(name, return_dtype=pl.String, is_elementwise=True)
