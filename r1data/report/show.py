"""How frames are printed: a table for people, JSON lines for programs."""

import json
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.table import Table

PIPE_COLUMNS = 140
COLUMN_CHARS = 8
"""Of a column, its rule included; where that many do not fit for each, cells stand one below the other."""


def frame(rows: pl.DataFrame, *, as_json: bool, title: str | None = None, if_none: str = "No rows.") -> None:
    """Print the rows of a frame on stdout; for people, `if_none` on stderr when it has none."""
    if as_json:
        for row in rows.iter_rows(named=True):
            print(json.dumps(row, ensure_ascii=False, default=str))
        return
    sides: list[JustifyMethod] = ["right" if dtype.is_numeric() else "left" for dtype in rows.dtypes]
    if rows.is_empty():
        print(if_none, file=sys.stderr)
    elif rows.width * COLUMN_CHARS > console().width:
        for row in rows.iter_rows(named=True):
            _print({"column": "left", "value": "left"}, row.items(), title)
    else:
        _print(dict(zip(rows.columns, sides, strict=True)), rows.iter_rows(), title)


def _print(columns: dict[str, JustifyMethod], rows: Iterable[tuple[Any, ...]], title: str | None) -> None:
    """A table of columns, each with its alignment."""
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left")
    for name, justify in columns.items():
        table.add_column(name, justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*(cell(value) for value in row))
    console().print(table)


def console() -> Console:
    """Where people read: as wide as their terminal, or wide enough for long ids in a pipe."""
    return Console() if sys.stdout.isatty() else Console(width=PIPE_COLUMNS)


def cell(value: Any) -> str:
    """A value as people read it: thousands separated, floats with up to four digits, null empty."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S")
        case _:
            return str(value).replace("[", "\\[")
