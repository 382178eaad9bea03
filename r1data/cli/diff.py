"""Verb diff: what changed between two states of a night, or between two nights."""

import re
import sys
from typing import Annotated

import polars as pl
import typer

from r1data.cli.options import Json, RecipeOption
from r1data.errors import ConfigError
from r1data.lake import Lake
from r1data.recipe import load_recipe
from r1data.report import show

ID_CHARS = 12
"""Of an id in a table for people; `r1data why` takes its first digits."""
_NIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})(?:@(\d+))?")


def add(app: typer.Typer) -> None:
    """Add the verb of this file."""
    app.command()(diff)


def diff(
    night: Annotated[str, typer.Argument(help="YYYY-MM-DD, or YYYY-MM-DD@V for version V of `selected`.")],
    other: Annotated[
        str | None, typer.Argument(help="The later state: of the same night or another.")
    ] = None,
    recipe: RecipeOption = None,
    json: Json = False,
) -> None:
    """Which traces changed state, and why: since the last change of a night, between two versions, or, prompt
    by prompt, between two nights.
    """
    from r1data.report.diff import diff_states, summary
    from r1data.report.standing import diff_nights
    from r1data.report.states import before_last_change, state

    lake, name = Lake(), load_recipe(recipe).name
    first, version = _parsed(night)
    second, later = _parsed(other) if other else (first, None)
    after = state(lake, name, second, later)
    if first != second:
        before = state(lake, name, first, version)
        rows = diff_nights(lake, before, after, recipe=name, nights=(first, second))
    else:
        known = version is not None
        before = state(lake, name, first, version) if known else before_last_change(lake, name, first)
        rows = diff_states(lake, before, after, night=first)
    if json:
        show.frame(rows, as_json=True)
    elif rows.height:
        show.frame(rows.with_columns(pl.col("^(rollout|prompt)_id$").str.head(ID_CHARS)), as_json=False)
    print(summary(rows), file=sys.stderr if json else sys.stdout)


def _parsed(given: str) -> tuple[str, int | None]:
    found = _NIGHT.fullmatch(given)
    if not found:
        raise ConfigError(f"{given} is no night. Write it as 2026-01-31, or 2026-01-31@5 for version 5.")
    return found[1], int(found[2]) if found[2] else None
