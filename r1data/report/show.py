"""How frames are printed: a table for people, JSON lines for programs."""

import json
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table


def frame(rows: pl.DataFrame, *, as_json: bool, title: str | None = None) -> None:
    """Print the rows of a frame on stdout."""
    if as_json:
        for row in rows.iter_rows(named=True):
            print(json.dumps(row, ensure_ascii=False, default=str))
        return
    table = Table(title=title, title_justify="left", show_lines=False)
    for name, dtype in rows.schema.items():
        table.add_column(name, justify="right" if dtype.is_numeric() else "left", overflow="fold")
    for row in rows.iter_rows():
        table.add_row(*(cell(value) for value in row))
    Console().print(table)


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
        case _:
            return str(value).replace("[", "\\[")
