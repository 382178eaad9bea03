"""How frames are printed: a table for people, JSON lines for programs."""

import json
import sys
from datetime import datetime
from typing import Any

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

PIPE_COLUMNS = 140


def frame(rows: pl.DataFrame, *, as_json: bool, title: str | None = None) -> None:
    """Print the rows of a frame on stdout."""
    if as_json:
        for row in rows.iter_rows(named=True):
            print(json.dumps(row, ensure_ascii=False, default=str))
        return
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left")
    for name, dtype in rows.schema.items():
        table.add_column(name, justify="right" if dtype.is_numeric() else "left", overflow="fold")
    for row in rows.iter_rows():
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
