"""Prompt-completion JSONL, the form that TRL reads (https://huggingface.co/docs/trl/dataset_formats).

    {"rollout_id": "5f…", "prompt": [{"role": "user", "content": "What is 2 + 3?"}],
     "completion": [{"role": "assistant", "content": "<think>\n2 + 3 = 5.\n</think>\n\n5"}]}

The thought stands in the text of the completion, because chat templates drop it when it comes in a
field of its own. A trace of domain general may have none, and is its answer alone.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import xxhash

from r1data.errors import ConfigError, SchemaError
from r1data.text import joined

FORM = "trl-prompt-completion-1"
ROWS, CARD = "train.jsonl", "card.json"
NEEDED = ("rollout_id", "messages", "reasoning", "answer", "completion_tokens", "licence", "terms")


@dataclass(frozen=True)
class Export:
    """An immutable folder of training rows, named by what it holds."""

    folder: Path
    """Holds `train.jsonl` and `card.json`."""
    digest: str
    """XXH3-128 of the bytes of `train.jsonl`; also the folder's name."""
    n_rows: int
    completion_tokens: int
    """Tokens of all completions, as the teacher counted them."""
    licences: dict[str, int]
    """Rows by licence of the prompt; `not stated` where the source does not say."""
    terms: dict[str, int]
    """Rows by terms of use of the teacher's completions."""
    inputs: dict[str, Any]
    """Versions of the tables that the mix read when these rows were first exported."""

    @property
    def rows(self) -> Path:
        """The JSONL file."""
        return self.folder / ROWS


def export(rows: pl.DataFrame, folder: Path, *, inputs: Mapping[str, Any] | None = None) -> Export:
    """Write a mix's rows into `folder/<digest>`; equal rows in equal order are written once.

    Args:
        rows: what a mix returns, in training order: rollout_id, messages (list of role and content),
            reasoning, answer, completion_tokens, licence, terms; `domain`, where there are traces without
            a thought; further columns are left out.
        folder: holds all exports.
        inputs: versions of the tables that the mix read, for the card.

    Raises:
        ConfigError: the mix gave no rows.
        SchemaError: a column is missing, or a trace has no answer, or no thought and is not of domain
            general.
    """
    _check(rows)
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder))
    try:
        digest = _write(unfinished / ROWS, _lines(rows))
        if (folder / digest / CARD).is_file():
            return read(folder / digest)
        card = {
            "form": FORM,
            "digest": digest,
            "n_rows": rows.height,
            "completion_tokens": rows["completion_tokens"].sum(),
            "licences": _counts(rows["licence"]),
            "terms": _counts(rows["terms"]),
            "inputs": dict(inputs or {}),
        }
        _write(unfinished / CARD, iter([orjson.dumps(card, option=orjson.OPT_INDENT_2)]))
        _publish(unfinished, folder / digest)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return read(folder / digest)


def read(folder: Path) -> Export:
    """The export that a folder holds, from its card."""
    card = orjson.loads((folder / CARD).read_bytes())
    fields = ("digest", "n_rows", "completion_tokens", "licences", "terms", "inputs")
    return Export(folder=folder, **{name: card[name] for name in fields})


def _check(rows: pl.DataFrame) -> None:
    missing = [name for name in NEEDED if name not in rows.columns]
    if missing:
        raise SchemaError(
            f"The mix lacks {', '.join(missing)}; it has {', '.join(rows.columns)}. Name them in its SQL."
        )
    if rows.is_empty():
        raise ConfigError(
            "The mix gave no rows, so nothing was exported. Run a night that accepts traces, "
            "or widen the mix's SQL."
        )
    general = pl.col("domain").eq_missing("general") if "domain" in rows.columns else pl.lit(False)
    broken = rows.filter((_is_blank("reasoning") & ~general) | _is_blank("answer"))
    if broken.height:
        raise SchemaError(
            f"{broken.height} of {rows.height} rows of the mix have no answer, or no thought and another "
            f"`domain` than general, first rollout {broken['rollout_id'][0]}. Filter them in the mix's SQL."
        )


def _is_blank(column: str) -> pl.Expr:
    return pl.col(column).fill_null("").str.strip_chars() == ""


def _lines(rows: pl.DataFrame) -> Iterator[bytes]:
    for row in rows.select("rollout_id", "messages", "reasoning", "answer").iter_rows(named=True):
        content = joined(row["reasoning"], row["answer"])
        line = {
            "rollout_id": row["rollout_id"],
            "prompt": row["messages"],
            "completion": [{"role": "assistant", "content": content}],
        }
        yield orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _write(path: Path, chunks: Iterator[bytes]) -> str:
    """Write `chunks`, flush them to the disk, and return their XXH3-128."""
    found = xxhash.xxh3_128()
    with path.open("wb") as file:
        for chunk in chunks:
            found.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return found.hexdigest()


def _counts(column: pl.Series) -> dict[str, int]:
    counted = column.fill_null("not stated").value_counts(sort=True, name="n")
    return dict(counted.iter_rows())


def _publish(unfinished: Path, folder: Path) -> None:
    unfinished.chmod(0o755)  # a folder of mkdtemp is private to its maker
    try:
        unfinished.rename(folder)
    except OSError:
        if not (folder / CARD).is_file():  # else another run published equal rows first
            raise
