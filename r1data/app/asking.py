"""Questions in SQL, as the page asks them: within limits of time and rows, perhaps with a chart."""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Timer
from time import monotonic

import duckdb
import polars as pl

from r1data.errors import QueryError
from r1data.lake import Lake
from r1data.lake.query import QUESTIONS, ask, connect, one_select, question

MOST_ROWS = 1_000
"""Rows that are shown; there may be more."""
MOST_S = 60.0
_MEMORY = "2GB"
_MOST_BARS = 60


@dataclass(frozen=True)
class Answered:
    """What a question found."""

    rows: pl.DataFrame
    """MOST_ROWS at most."""
    more: bool
    """Whether there are rows beyond these."""
    elapsed_s: float
    used: dict[str, str]
    """Values of its parameters."""


def titles() -> dict[str, str]:
    """Questions of `sql/questions/` by name, each with its first line in words."""
    files = sorted(QUESTIONS.glob("*.sql"))
    return {file.stem: question(file.stem).partition("\n")[0].removeprefix("-- ") for file in files}


def parameters(sql: str) -> list[str]:
    """Names of the parameters `$name` of a text.

    Raises:
        QueryError: it is not one SELECT.
    """
    with duckdb.connect() as connection:
        return sorted(one_select(connection, sql).named_parameters)


def answered(lake: Lake, sql: str, given: Mapping[str, str]) -> Answered:
    """Ask one question; `given` has a value, perhaps none yet, for every parameter that the page knows.

    Raises:
        QueryError: it is not one SELECT, DuckDB refuses it, a parameter has no value, or it took too long.
    """
    wanted = parameters(sql)
    if unknown := [f"${name}" for name in wanted if name not in given]:
        known = ", ".join(f"${name}" for name in given)
        raise QueryError(f"{', '.join(unknown)}: this page knows {known}. Write other values into the SQL.")
    if missing := [f"${name}" for name in wanted if not given[name]]:
        raise QueryError(f"The question needs a value for {' and '.join(missing)}. Give it above.")
    began = monotonic()
    with connect(lake, memory=_MEMORY) as connection:
        timer = Timer(MOST_S, connection.interrupt)
        timer.start()
        try:
            rows = ask(connection, sql, given, most=MOST_ROWS + 1)
        except QueryError as error:
            if monotonic() - began < MOST_S:
                raise
            raise QueryError(
                f"The question took longer than {MOST_S:.0f} s and was ended. Narrow it, or ask it by "
                "`r1data sql`."
            ) from error
        finally:
            timer.cancel()
    used = {name: given[name] for name in wanted}
    return Answered(rows.head(MOST_ROWS), rows.height > MOST_ROWS, monotonic() - began, used)


def chartable(rows: pl.DataFrame) -> tuple[str, list[str]] | None:
    """The column that names bars, and those that may be their heights; None where a chart says nothing.

    Bars are named by the first column, or by the first ones together with another where it repeats itself.
    """
    numbers = [name for name, dtype in rows.schema.items() if dtype.is_numeric()]
    names = [name for name, dtype in rows.schema.items() if dtype == pl.String]
    heights = numbers if names else numbers[1:]
    name = names[0] if names else next(iter(numbers), None)
    if (
        name is None
        or not heights
        or not 2 <= rows.height <= _MOST_BARS
        or rows[name].n_unique() < rows.height
    ):
        return None
    return name, heights
