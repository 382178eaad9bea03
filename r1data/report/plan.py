"""How a planned night is told: its rows, what they rest on, and two recipes side by side."""

import polars as pl

from r1data.generate.planning.estimate import KEYS, MEASURES, REASONS, Estimate
from r1data.generate.planning.tonight import DryRun

DIFFERENCE = pl.Schema(
    {**KEYS, "measure": pl.String, "recipe": pl.Float64, "what_if": pl.Float64, "difference": pl.Float64}
)
"""Rows of two estimates side by side."""
SHORT = {
    "n_prompts": "prompts",
    "n_attempts": "attempts",
    "n_stored": "stored",
    "n_to_make": "to make",
    "n_expected": "expected",
    "prompt_tokens": "prompt tokens",
    "completion_tokens": "completion tokens",
    "completion_tokens_at_most": "at most",
    "time_s": "time",
    "cost_usd": "USD",
    "cost_usd_at_most": "at most USD",
}
"""What people read above a measure."""


def readable(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of an estimate for people: short headings, whole tokens, times in words, `—` for the unknown.

    What they rest on is told by `notes`; money is left out where all of it is unknown.
    """
    shown = [name for name in MEASURES if "usd" not in name or rows[name].null_count() < rows.height]
    floats = [name for name in shown if MEASURES[name] == pl.Float64]
    texts = [_column(name, [said(name, value) for value in rows[name]]) for name in floats]
    return rows.with_columns(texts).select(*KEYS, *shown).rename({name: SHORT[name] for name in shown})


def said(measure: str, value: float | None) -> str:
    """A value of a measure as people read it."""
    if value is None:
        return "—"
    if measure == "time_s":
        return duration(value)
    if "usd" in measure:
        return f"{value:,.2f}" if abs(value) >= 10 else f"{value:.4f}"
    return f"{value:,.0f}"


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(5400)
    '1 h 30 min'
    """
    sign, size = "-" if seconds < 0 else "", abs(seconds)
    if size < 60:
        return f"{sign}{size:.0f} s"
    minutes = round(size / 60)
    return f"{sign}{minutes} min" if minutes < 60 else f"{sign}{minutes // 60} h {minutes % 60} min"


def notes(planned: DryRun, found: Estimate) -> list[str]:
    """Sentences: what tokens, time and money rest on, and what other nights spare this one."""
    basis = found.rows.head(-1).filter(pl.col("rests_on") != "")
    by_reason = basis.group_by("rests_on", maintain_order=True).agg(pl.col("reason").unique().sort())
    rests = [f"{words} ({', '.join(reasons)})" for words, reasons in by_reason.iter_rows()]
    lines = [f"Tokens rest on: {'; '.join(rests)}." if rests else "Nothing is left to make."]
    pace, spared = found.speed, _spared(planned)
    if pace.tokens_per_s is None:
        lines.append(f"Time is unknown: the lake has no runs of engine {planned.recipe.generate.engine}.")
    else:
        lines.append(f"Time rests on {pace.rests_on}: {pace.tokens_per_s:,.1f} completion tokens a second.")
    if planned.recipe.generate.prices is None:
        lines.append("Cost is unknown: the recipe has no [generate.prices].")
    if spared:
        lines.append(f"{spared:,} wanted attempts are stored by other nights.")
    return lines


def side_by_side(one: Estimate, other: Estimate) -> pl.DataFrame:
    """Schema DIFFERENCE: every measure of every group of two estimates that differs, and all of the total."""
    rows = _long(one, "recipe").join(
        _long(other, "what_if"),
        on=[*KEYS, "measure"],
        how="full",
        coalesce=True,
        nulls_equal=True,
        maintain_order="left_right",
    )
    is_total = pl.col("reason") == "total"
    nothing = pl.when(~pl.col("measure").is_in(["time_s", "cost_usd", "cost_usd_at_most"])).then(0.0)
    known = rows.with_columns(
        recipe=pl.when(pl.col("has_recipe").is_null()).then(nothing).otherwise("recipe"),
        what_if=pl.when(pl.col("has_what_if").is_null()).then(nothing).otherwise("what_if"),
    ).with_columns(difference=pl.col("what_if") - pl.col("recipe"))
    shown = known.filter(is_total | pl.col("recipe").ne_missing(pl.col("what_if")))
    place = {"reason": [*REASONS, "total"], "measure": list(MEASURES)}
    order = [pl.col(name).replace_strict(values, range(len(values))) for name, values in place.items()]
    return shown.sort(order[0], "source", "domain", order[1]).select(list(DIFFERENCE))


def readable_difference(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of `side_by_side` for people."""
    columns = [
        _column(name, [said(*pair) for pair in rows.select("measure", name).iter_rows()])
        for name in ("recipe", "what_if", "difference")
    ]
    return rows.with_columns(columns).with_columns(pl.col("measure").replace(SHORT))


def _long(found: Estimate, name: str) -> pl.DataFrame:
    """One row per group and measure, the value as `name`."""
    rows = found.rows.with_columns(pl.col(list(MEASURES)).cast(pl.Float64))
    long = rows.unpivot(list(MEASURES), index=list(KEYS), variable_name="measure", value_name=name)
    return long.with_columns(pl.lit(True).alias(f"has_{name}"))


def _column(name: str, texts: list[str]) -> pl.Series:
    """Texts of numbers, aligned on the right."""
    width = max(map(len, texts), default=0)
    return pl.Series(name, [text.rjust(width) for text in texts], dtype=pl.String)


def _spared(planned: DryRun) -> int:
    """Attempts 0 … n - 1 at kept prompts that other nights have stored, so that the plan leaves them out."""
    name, night, generate = planned.recipe.name, planned.night, planned.recipe.generate
    mine = (pl.col("recipe") == name) & (pl.col("night") == night) & pl.col("kept")
    kept = planned.scan("intake").filter(mine).select(pl.len()).collect().item()
    asked = planned.plan.filter(~pl.col("reason").is_in(["unsolved", "retry"])).height
    return kept * generate.rollouts_per_prompt - asked
