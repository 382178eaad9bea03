"""The plan of a night: which rollouts are wanted that no other night has made, and why."""

import polars as pl

from r1data import ids
from r1data.schema import TABLES

_ATTEMPT = ("prompt_id", "index", "rollout_id", "retry_of", "reason", "max_tokens")


def plan(
    intake: pl.LazyFrame,
    rollouts: pl.LazyFrame,
    *,
    night: str,
    recipe: str,
    teacher_id: str,
    n: int,
    max_tokens: int,
    retry_max_tokens: int | None = None,
    again: pl.LazyFrame | None = None,
    available: pl.LazyFrame | None = None,
) -> pl.LazyFrame:
    """Attempts 0 … n - 1 of a teacher at every kept prompt, minus what other nights have stored; further
    attempts at unsolved prompts; and of every attempt the retry that is made if it hits its cap.

    Rollouts of this night stay in its plan, so planning a finished night again gives the same rows.

    Args:
        intake: table `intake`; only kept rows of this recipe and night count.
        rollouts: table `rollouts`, all nights.
        night: the night, YYYY-MM-DD.
        recipe: name of the recipe.
        teacher_id: content address of the teacher.
        n: attempts per prompt.
        max_tokens: completion tokens allowed.
        retry_max_tokens: completion tokens allowed to a retry; none are planned without it. What other
            nights stored truncated, with a smaller cap, is retried too; a retry never is.
        again: prompt_id and index of attempts at unsolved prompts, as `unsolved` gives them.
        available: prompt_id and n, how many attempts the engine has to give; none beyond them is planned.
            Without it, an engine makes what it is asked for.

    Returns:
        Table `plan`, sorted by prompt and index.
    """
    stored = rollouts.filter(pl.col("night") != night).select(
        "rollout_id", "prompt_id", "teacher_id", "finish_reason", "max_tokens"
    )
    mine = (pl.col("recipe") == recipe) & (pl.col("night") == night) & pl.col("kept")
    wanted = _named(_attempts(intake.filter(mine).select("prompt_id"), n, available), teacher_id)
    parts = [_not_stored(wanted, stored, teacher_id)]
    if again is not None:
        parts.append(
            _named(again.select("prompt_id", "index"), teacher_id).with_columns(reason=pl.lit("unsolved"))
        )
    first = pl.concat(parts).with_columns(
        retry_of=pl.lit(None, pl.String), max_tokens=pl.lit(max_tokens, pl.Int32)
    )
    rows = [first.select(_ATTEMPT)]
    if retry_max_tokens is not None:
        room = pl.col("max_tokens").is_null() | (pl.col("max_tokens") < retry_max_tokens)
        cut_off = stored.filter((pl.col("finish_reason") == "length") & room)
        elsewhere = wanted.join(cut_off, on="rollout_id", how="semi")
        repeated = pl.concat([part.select("prompt_id", "index", "rollout_id") for part in (first, elsewhere)])
        rows.append(_retries(repeated, stored, teacher_id, retry_max_tokens))
    planned = pl.concat(rows).with_columns(
        recipe=pl.lit(recipe), night=pl.lit(night), teacher_id=pl.lit(teacher_id)
    )
    return planned.select(TABLES["plan"].schema.names()).sort("prompt_id", "index")


def missing(plan: pl.LazyFrame, rollouts: pl.LazyFrame) -> pl.LazyFrame:
    """Rows of a plan whose rollout is not stored."""
    return plan.join(rollouts.select("rollout_id"), on="rollout_id", how="anti")


def _attempts(prompts: pl.LazyFrame, n: int, available: pl.LazyFrame | None) -> pl.LazyFrame:
    """prompt_id and index of the first `n` attempts at each prompt, or of as many as are available."""
    if available is None:
        return prompts.join(pl.LazyFrame({"index": range(n)}, schema={"index": pl.Int32}), how="cross")
    at_most = pl.min_horizontal(pl.col("n"), pl.lit(n)).cast(pl.Int32)
    numbered = prompts.join(available, on="prompt_id").with_columns(
        index=pl.int_ranges(0, at_most, dtype=pl.Int32)
    )
    return numbered.select("prompt_id", "index").explode("index")


def _not_stored(wanted: pl.LazyFrame, stored: pl.LazyFrame, teacher_id: str) -> pl.LazyFrame:
    """What no other night has made, with the reason: what other nights asked of the prompt."""
    history = stored.group_by("prompt_id").agg(by_this=(pl.col("teacher_id") == teacher_id).any())
    reason = (
        pl.when(pl.col("by_this").is_null())
        .then(pl.lit("new"))
        .when(pl.col("by_this"))
        .then(pl.lit("more"))
        .otherwise(pl.lit("changed_teacher"))
    )
    left = wanted.join(stored, on="rollout_id", how="anti").join(history, on="prompt_id", how="left")
    return left.select("prompt_id", "index", "rollout_id", reason=reason)


def _retries(repeated: pl.LazyFrame, stored: pl.LazyFrame, teacher_id: str, max_tokens: int) -> pl.LazyFrame:
    """The retry of each attempt, unless another night has made it."""
    rows = repeated.select(
        "prompt_id", (pl.col("index") + ids.RETRY_INDEX).cast(pl.Int32), retry_of="rollout_id"
    )
    named = _named(rows, teacher_id).join(stored, on="rollout_id", how="anti")
    return named.with_columns(reason=pl.lit("retry"), max_tokens=pl.lit(max_tokens, pl.Int32)).select(
        _ATTEMPT
    )


def _named(attempts: pl.LazyFrame, teacher_id: str) -> pl.LazyFrame:
    """Attempts with their `rollout_id`."""

    def name(rows: pl.Series) -> pl.Series:
        prompts, indices = rows.struct.field("prompt_id"), rows.struct.field("index")
        return pl.Series(
            [
                ids.rollout_id(prompt, teacher_id, index)
                for prompt, index in zip(prompts, indices, strict=True)
            ],
            dtype=pl.String,
        )

    both = pl.struct("prompt_id", "index")
    return attempts.with_columns(
        rollout_id=both.map_batches(name, return_dtype=pl.String, is_elementwise=True)
    )
