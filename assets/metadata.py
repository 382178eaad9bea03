"""How tables and text show in Dagster's UI."""

from base64 import b64encode
from typing import Any

import dagster as dg
import polars as pl

from r1data.schema import TABLES

INLINE_CHARS = 1000
"""Markdown shorter than this renders in place."""


def described(table: str) -> dict[str, Any]:
    """Definition metadata: every column of a table with its type and sentence."""
    columns = [
        dg.TableColumn(name=column.name, type=str(column.dtype), description=column.doc)
        for column in TABLES[table].columns
    ]
    return {"dagster/column_schema": dg.TableSchema(columns=columns), "table": table}


def row_count(rows: int) -> dict[str, int]:
    """Rows of a partition, under the key that the UI plots."""
    return {"dagster/partition_row_count": rows}


def markdown(text: str) -> dg.MarkdownMetadataValue:
    """Markdown with `<` escaped, or tags such as `<think>` would vanish; cut to what renders in place."""
    escaped = text.replace("<", "&lt;")
    return dg.MetadataValue.md(escaped if len(escaped) < INLINE_CHARS else escaped[: INLINE_CHARS - 2] + "…")


def picture(png: bytes, what: str) -> dg.MarkdownMetadataValue:
    """A PNG as Markdown that needs no file; `what` stands in its place where it cannot be shown."""
    return dg.MetadataValue.md(f"![{what}](data:image/png;base64,{b64encode(png).decode()})")


def counts(frame: pl.DataFrame, column: str, prefix: str) -> dict[str, int]:
    """Rows by value of a column, as metadata `<prefix><value>`."""
    found = frame[column].drop_nulls().value_counts(sort=True)
    return {f"{prefix}{value}": count for value, count in found.iter_rows()}
