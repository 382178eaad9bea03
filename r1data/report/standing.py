"""How the prompts of two nights stand: which are solved, and what became of the others."""

from typing import Any

import polars as pl

from r1data.lake import Lake
from r1data.report.states import State

STANDING = pl.Schema(
    {
        "prompt_id": pl.String,
        "change": pl.String,
        "before": pl.String,
        "after": pl.String,
        "accepted_before": pl.Int64,
        "accepted_after": pl.Int64,
        "why": pl.String,
    }
)
"""change: new, gone, changed_teacher, solved or unsolved; before and after: solved, unsolved or null."""


def diff_nights(
    lake: Lake, before: State, after: State, *, recipe: str, nights: tuple[str, str]
) -> pl.DataFrame:
    """One row per prompt that stands differently on two nights of a recipe; solved means that some attempt
    is right.

    Args:
        lake: plans and teachers are read.
        before, after: the selections of the two nights.
        recipe: name of the recipe.
        nights: the two nights.

    Returns:
        Schema STANDING, by change and prompt.
    """
    old, new = (
        _prompts(side.rows, lake.scan("plan", night).filter(pl.col("recipe") == recipe))
        for side, night in zip((before, after), nights, strict=True)
    )
    names = dict(lake.scan("teachers").select("teacher_id", "name").collect().iter_rows())
    both = old.join(new, on="prompt_id", how="full", coalesce=True, suffix="_new")
    found = (_row(row, names) for row in both.iter_rows(named=True))
    return pl.DataFrame([row for row in found if row], schema=STANDING).sort("change", "prompt_id")


def _prompts(selected: pl.DataFrame, plan: pl.LazyFrame) -> pl.DataFrame:
    """One row per prompt: solved, n_accepted, teachers, why it is planned, the main reason against it."""
    undecided = ("generation:", "verification:")
    against = pl.col("reasons").list.eval(
        pl.any_horizontal(pl.element().str.starts_with(stage) for stage in undecided)
    )
    marked = selected.group_by("prompt_id").agg(
        solved=(~against.list.any()).any(),
        n_accepted=pl.col("accepted").sum().cast(pl.Int64),
        main=pl.col("reasons").list.first().drop_nulls().mode().sort().first(),
    )
    planned = plan.group_by("prompt_id").agg(
        teachers=pl.col("teacher_id").unique().sort(),
        planned=pl.col("reason").filter(pl.col("reason") != "retry").unique().sort(),
    )
    rows = planned.collect().join(marked, on="prompt_id", how="left")
    return rows.with_columns(
        pl.col("solved").fill_null(False), pl.col("n_accepted").fill_null(0), there=pl.lit(True)
    )


def _row(row: dict[str, Any], names: dict[str, str]) -> dict[str, Any] | None:
    """A row of STANDING; None when the prompt stands as it did."""
    change = _change(row)
    if change is None:
        return None
    return {
        "prompt_id": row["prompt_id"],
        "change": change,
        "before": _standing(row, ""),
        "after": _standing(row, "_new"),
        "accepted_before": row["n_accepted"] or 0,
        "accepted_after": row["n_accepted_new"] or 0,
        "why": _why(row, change, names),
    }


def _change(row: dict[str, Any]) -> str | None:
    if not row["there"]:
        return "new"
    if not row["there_new"]:
        return "gone"
    if row["teachers"] != row["teachers_new"]:
        return "changed_teacher"
    if row["solved"] == row["solved_new"]:
        return None
    return "solved" if row["solved_new"] else "unsolved"


def _standing(row: dict[str, Any], side: str) -> str | None:
    if not row[f"there{side}"]:
        return None
    return "solved" if row[f"solved{side}"] else "unsolved"


def _why(row: dict[str, Any], change: str, names: dict[str, str]) -> str:
    """Why it was asked, by whom, and what speaks against most of its attempts."""
    if change == "gone":
        return "not planned on the second night"
    said = [f"planned as {', '.join(row['planned_new'])}"] if row["planned_new"] else []
    if change == "changed_teacher":
        old, new = ([names.get(t, t) for t in row[f"teachers{side}"]] for side in ("", "_new"))
        edited = f"teacher {', '.join(new)} was edited"
        said.append(edited if old == new else f"teacher {', '.join(old)} → {', '.join(new)}")
    if not row["solved_new"] and row["main_new"]:
        said.append(f"mostly {row['main_new']}")
    return "; ".join(said)
