"""What a table is: typed columns, each with one sentence, and a key.

Dtypes are those that Delta Lake, Polars and DuckDB all hold: no unsigned integers, no categoricals.
"""

from dataclasses import dataclass
from typing import Literal

import polars as pl
from polars.datatypes import DataType, DataTypeClass

Dtype = DataType | DataTypeClass

LONG_TEXTS = frozenset({"completion", "reasoning"})
"""Columns of tens of kilobytes a row."""


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    """Units live in names: `_tokens`, `_chars`, `_s`, `_usd`; counts are `n_…`; identifiers `…_id`."""
    dtype: Dtype
    """A Polars dtype."""
    doc: str
    """One sentence: what the value says, with its unit and what null means."""


@dataclass(frozen=True)
class Table:
    """A named set of partitions with one schema."""

    name: str
    """Word characters only; also the folder's name in the lake and the view's name in the catalog."""
    kind: Literal["ledger", "derived"]
    """`ledger`: append-only, idempotent by key. `derived`: a partition is replaced whole."""
    key: tuple[str, ...]
    """Columns that name a row; a ledger holds each key once, over all nights."""
    doc: str
    """One sentence: one row per what, and what it holds."""
    columns: tuple[Column, ...]
    """All columns, partition columns first."""

    @property
    def partition_by(self) -> tuple[str, ...]:
        """`night` for a ledger; `recipe`, `night` for a derived table."""
        return ("night",) if self.kind == "ledger" else ("recipe", "night")

    @property
    def schema(self) -> pl.Schema:
        """Every column's dtype, in order."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    @property
    def row_group_rows(self) -> int:
        """Rows of a Parquet row group, which readers hold as a whole: few where texts are long, so that what
        streams through stays within some 30 MB a group.
        """
        return 1024 if LONG_TEXTS & set(self.schema) else 1 << 18

    def empty(self) -> pl.DataFrame:
        """A frame of this table without rows."""
        return self.schema.to_frame()


NIGHT = Column("night", pl.String, "The night (UTC date, YYYY-MM-DD) that the row belongs to.")
RECIPE = Column("recipe", pl.String, "Name of the recipe that asked for the row.")
ROLLOUT = Column("rollout_id", pl.String, "Content address of the rollout.")
PROMPT = Column("prompt_id", pl.String, "Content address of the prompt.")
TEACHER = Column("teacher_id", pl.String, "Content address of the teacher.")
MESSAGES = Column(
    "messages",
    pl.List(pl.Struct({"role": pl.String, "content": pl.String})),
    "The chat messages shown to the model, without the teacher's system prompt and few-shots.",
)


def ledger(name: str, key: str, doc: str, *columns: Column) -> Table:
    """A ledger; `key` names its key columns, separated by blanks."""
    return Table(name, "ledger", tuple(key.split()), doc, (NIGHT, *columns))


def derived(name: str, key: str, doc: str, *columns: Column) -> Table:
    """A derived table; `key` names its key columns within a partition, separated by blanks."""
    return Table(name, "derived", tuple(key.split()), doc, (RECIPE, NIGHT, *columns))
