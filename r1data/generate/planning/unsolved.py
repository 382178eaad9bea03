"""Unsolved prompts: those of earlier nights that are asked again because no attempt was right."""

import polars as pl

from r1data import ids
from r1data.recipe import Unsolved


def unsolved(
    intake: pl.LazyFrame,
    rollouts: pl.LazyFrame,
    *,
    solved: pl.LazyFrame,
    unfit: pl.LazyFrame,
    night: str,
    recipe: str,
    teacher_id: str,
    settings: Unsolved,
) -> pl.LazyFrame:
    """Further attempts at prompts that the recipe kept on earlier nights, does not give tonight, and has not
    solved; those with the fewest attempts first.

    Only what was made before tonight decides, and a prompt that tonight has begun stays: so planning again
    gives the same rows, also when the night is finished and its verdicts are known. Indices are the first
    that no other night has taken, so nights made late take none that exist.

    Args:
        intake: table `intake`, all nights.
        rollouts: table `rollouts`, all nights.
        solved: prompt_id of prompts with a right attempt before tonight, whoever made it.
        unfit: prompt_id of prompts that may not be asked any more.
        night: tonight, YYYY-MM-DD.
        recipe: name of the recipe.
        teacher_id: the teacher that was asked, and is asked again.
        settings: how many prompts and attempts.

    Returns:
        prompt_id, index.
    """
    mine = intake.filter(pl.col("recipe") == recipe)
    counted = _counted(rollouts, night, teacher_id)
    chosen = (
        mine.filter(pl.col("kept") & (pl.col("night") < night))
        .select("prompt_id")
        .unique()
        .join(mine.filter(pl.col("night") == night), on="prompt_id", how="anti")
        .join(unfit, on="prompt_id", how="anti")
        .join(counted.filter(pl.col("n_before") > 0), on="prompt_id")
        .join(solved.select("prompt_id", solved=pl.lit(True)).unique(), on="prompt_id", how="left")
        .filter(pl.col("begun") | pl.col("solved").is_null())
        .with_columns(n=pl.min_horizontal(settings.attempts, settings.max_attempts - pl.col("n_others")))
        .filter(pl.col("n") > 0)
        .sort(~pl.col("begun"), "n_before", "prompt_id")
        .head(settings.prompts_per_night)
    )
    taken = _own(rollouts, teacher_id).filter(pl.col("night") != night).select("prompt_id", "index")
    return (
        chosen.with_columns(index=pl.int_ranges(0, pl.col("n_others") + pl.col("n"), dtype=pl.Int32))
        .explode("index")
        .join(taken, on=["prompt_id", "index"], how="anti")
        .sort("prompt_id", "index")
        .filter(pl.int_range(pl.len()).over("prompt_id") < pl.col("n"))
        .select("prompt_id", "index")
    )


def _own(rollouts: pl.LazyFrame, teacher_id: str) -> pl.LazyFrame:
    """Attempts of the teacher; a retry is no attempt of its own."""
    own = (pl.col("teacher_id") == teacher_id) & (pl.col("index") < ids.RETRY_INDEX)
    return rollouts.filter(own).select("night", "prompt_id", "index")


def _counted(rollouts: pl.LazyFrame, night: str, teacher_id: str) -> pl.LazyFrame:
    """Attempts by prompt: before tonight, on all other nights, and whether tonight has begun."""
    when = pl.col("night")
    return (
        _own(rollouts, teacher_id)
        .group_by("prompt_id")
        .agg(
            n_before=(when < night).sum().cast(pl.Int64),
            n_others=(when != night).sum().cast(pl.Int64),
            begun=(when == night).any(),
        )
    )
