"""What a form of export is: which columns it reads, what a row of it looks like, and which file it fills."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl
import pyarrow as pa

from r1data.errors import SchemaError
from r1data.text import joined
from r1data.train.mix_kinds import SIDES

Row = dict[str, Any]
MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])
MESSAGES = pa.list_(MESSAGE)
TEXT = pa.string()
TRACE = (
    "rollout_id",
    "prompt_id",
    "messages",
    "reasoning",
    "answer",
    "completion_tokens",
    "licence",
    "terms",
)
"""Columns that a form of traces reads."""
PROMPT = ("prompt_id", "messages", "verifier", "reference", "verifier_args", "licence")
"""Columns that a form of prompts reads."""
PAIR = (
    "prompt_id",
    "messages",
    *("chosen_id", "chosen_reasoning", "chosen_answer"),
    *("rejected_id", "rejected_reasoning", "rejected_answer"),
    *("licence", "terms"),
)
"""Columns that a form of pairs reads."""


@dataclass(frozen=True)
class Form:
    """A form of export."""

    name: str
    needed: tuple[str, ...]
    """Columns that the mix must give."""
    given_by: str
    """Which mixes give them, for the error."""
    row: Callable[[Row, int], Row]
    """A row of the mix and its place, from 0 → a row of the file."""
    columns: pa.Schema | None
    """Columns of the file; those of the mix without it."""
    container: Literal["jsonl", "parquet"] = "jsonl"
    beside: Mapping[str, bytes] = field(default_factory=dict)
    """Files that lie beside the rows, by name."""

    def check(self, batch: pl.DataFrame) -> None:
        """Raise unless a batch has what this form reads.

        Raises:
            SchemaError: a column is missing, or a prompt has no messages, or a trace no answer, or no thought
                and is not of domain general.
        """
        missing = [name for name in self.needed if name not in batch.columns]
        if missing:
            raise SchemaError(
                f"The mix lacks {', '.join(missing)}, which form {self.name} reads; it has "
                f"{', '.join(batch.columns)}. {self.given_by} give them."
            )
        _refuse_unasked(batch)
        for name, which in SIDES.items():
            if name in batch.columns:
                _refuse_blank(batch, name, which)


def conversation(row: Row) -> list[Row]:
    """Prompt and completion of a trace, as chat messages."""
    return [*row["messages"], completion(row)]


def completion(row: Row, which: str = "") -> Row:
    """The assistant's message of a trace; the thought stands in its text, because chat templates drop it
    when it comes in a field of its own.

    Args:
        row: a row of a mix.
        which: `chosen_` or `rejected_`, of a pair.
    """
    text = joined(row[f"{which}reasoning"], row[f"{which}answer"])
    return {"role": "assistant", "content": text}


def _refuse_unasked(batch: pl.DataFrame) -> None:
    contents = pl.col("messages").list.eval(pl.element().struct.field("content"))
    asked = (contents.list.len() > 0) & (contents.list.drop_nulls().list.len() == contents.list.len())
    broken = batch.filter(~asked.fill_null(False))
    if broken.height:
        raise SchemaError(
            f"Prompt {broken['prompt_id'][0]} of the mix has no messages, or one without content, as do "
            f"{broken.height} of the {batch.height} rows beside it. Filter them in the mix's SQL."
        )


def _refuse_blank(batch: pl.DataFrame, name: str, which: str) -> None:
    general = pl.col("domain").eq_missing("general") if "domain" in batch.columns else pl.lit(False)
    broken = batch.filter((_is_blank(f"{which}reasoning") & ~general) | _is_blank(f"{which}answer"))
    if broken.height:
        raise SchemaError(
            f"Rollout {broken[name][0]} of the mix has no answer, or no thought and another `domain` than "
            f"general, as do {broken.height} of the {batch.height} rows beside it. Filter them in the mix's "
            "SQL."
        )


def _is_blank(column: str) -> pl.Expr:
    return pl.col(column).fill_null("").str.strip_chars() == ""
