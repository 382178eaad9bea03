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

    Returns:
        Table `plan`, sorted by prompt and index: attempts that share a prompt are neighbours in the engine.
    """
    asked = rollouts.filter(pl.col("night") != night).select("rollout_id", "prompt_id", "teacher_id")
    history = asked.group_by("prompt_id").agg(by_this=(pl.col("teacher_id") == teacher_id).any())
    mine = (pl.col("recipe") == recipe) & (pl.col("night") == night) & pl.col("kept")
    wanted = (
        intake.filter(mine)
        .select("prompt_id")
        .join(pl.LazyFrame({"index": range(n)}, schema={"index": pl.Int32}), how="cross")
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
