"""Write an export: stream, drop what may not leave, describe, publish.

    exports/5f0c…/  train.jsonl  dropped.jsonl  card.json  README.md

A folder is named by its content and never changed. It appears whole: it is written under a hidden name,
flushed to the disk and renamed. A writer that is killed leaves the hidden folder, which nothing reads, and
which a later export removes when nothing was written to it for a day.
"""

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow as pa

from r1data import ids
from r1data.errors import ConfigError, QueryError, StorageError
from r1data.train.exports.about import About
from r1data.train.exports.card import readme
from r1data.train.exports.fit import Fit
from r1data.train.exports.form import Form
from r1data.train.exports.policy import NOT_STATED, Policy
from r1data.train.exports.write import ROWS, data_files, digest_of, sync, write_rows

CARD, README, DROPPED = "card.json", "README.md", "dropped.jsonl"
ABANDONED_S = 24 * 3600
"""A folder in which nothing was written for so long has no writer any more."""
_UNFINISHED = ".unfinished-"
_COUNTED = {
    "domains": "domain",
    "sources": "source",
    "languages": "language",
    "licences": "licence",
    "terms": "terms",
}


@dataclass(frozen=True)
class Export:
    """An immutable folder of training rows, named by what it holds."""

    folder: Path
    """Holds the rows, `dropped.jsonl`, `card.json` and `README.md`."""
    form: str
    """A key of EXPORTS."""
    digest: str
    """Content address of every file but the card and README; also the folder's name."""
    rows_digest: str
    """XXH3-128 of the files of rows; what a training job is named by."""
    n_rows: int
    completion_tokens: int | None
    """Tokens of all completions that their teachers counted; None of prompts and pairs."""
    licences: dict[str, int] = field(default_factory=dict)
    """Rows by licence of the prompt; `not stated` where the source does not say."""
    terms: dict[str, int] = field(default_factory=dict)
    """Rows by terms of use of the teacher's completions."""
    inputs: dict[str, Any] = field(default_factory=dict)
    """Versions of the tables that the mix read when these rows were first exported."""
    mix: str = ""
    """Name of the mix that gave these rows first."""
    n_prompts: int | None = None
    student_tokens: int | None = None
    """Tokens of all completions by the student's tokenizer; None unless every row was counted."""
    n_dropped: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    """Rows of the mix that were left out, by reason."""

    @property
    def rows(self) -> Path:
        """The JSONL file."""
        return self.folder / ROWS


def write_export(
    batches: Iterable[pl.DataFrame],
    folder: Path,
    *,
    form: Form,
    policy: Policy,
    about: About,
    fit: Fit | None = None,
) -> Export:
    """Write the rows of a mix into `folder/<digest>`; equal rows in equal order are written once.

    Args:
        batches: rows in training order, read once and never all at once.
        folder: holds all exports.
        form: a value of EXPORTS.
        policy: which rows may be exported.
        about: where the rows come from, for the card.
        fit: the student whose context rows must fit into.

    Returns:
        The export. Where equal rows lie there already, it is those, with their first card.

    Raises:
        ConfigError: none of the mix's rows may be exported.
        QueryError: the mix gave no rows.
        StorageError: the folder cannot be written to, or is full.
        SchemaError: the mix lacks a column, or a trace has no answer, or no thought and is not of domain
            general.
        GateError: the student's chat template loses part of a trace.
    """
    try:
        return _written(batches, folder, _Sieve(form, policy, fit), about)
    except OSError as error:
        raise StorageError(
            f"{folder} does not take an export ({error}). Free its disk, and that of TMPDIR, or name another "
            "folder by --to."
        ) from error


def _written(batches: Iterable[pl.DataFrame], folder: Path, sieve: "_Sieve", about: About) -> Export:
    form = sieve.form
    folder.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(folder)
    unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=folder))
    try:
        with (unfinished / DROPPED).open("wb") as dropped:
            write_rows(form, sieve.kept(batches, dropped.write), unfinished)
        if not sieve.n_rows:
            raise sieve.why_nothing()
        card = sieve.card(unfinished, about)
        if (folder / card["digest"] / CARD).is_file():
            return read(folder / card["digest"])
        (unfinished / CARD).write_bytes(orjson.dumps(card, option=orjson.OPT_INDENT_2))
        columns = form.columns or _columns(unfinished)
        (unfinished / README).write_text(readme(card, columns), encoding="utf-8")
        _publish(unfinished, folder / card["digest"])
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return read(folder / card["digest"])


def read(folder: Path) -> Export:
    """The export that a folder holds, from its card; also one whose card is of an older version.

    Raises:
        ConfigError: there is none.
    """
    if not (folder / CARD).is_file():
        raise ConfigError(f"{folder} holds no export: it has no {CARD}. `r1data export list` lists them.")
    card = orjson.loads((folder / CARD).read_bytes())
    same = ("digest", "n_rows", "completion_tokens", "licences", "terms", "inputs")
    newer = ("n_prompts", "student_tokens", "n_dropped", "dropped")
    return Export(
        folder=folder,
        form=card["form"].partition("-")[0],
        rows_digest=card.get("rows_digest", card["digest"]),
        mix=card.get("mix", {}).get("name", ""),
        **{name: card[name] for name in same},
        **{name: card[name] for name in newer if name in card},
    )


def exports_in(folder: Path) -> list[Export]:
    """All exports of a folder, the newest first."""
    cards = sorted(folder.glob(f"*/{CARD}"), key=lambda path: path.stat().st_mtime, reverse=True)
    return [read(card.parent) for card in cards if not card.parent.name.startswith(".")]


class _Sieve:
    """Drops what may not be exported, and counts what may."""

    def __init__(self, form: Form, policy: Policy, fit: Fit | None) -> None:
        self.form, self._policy, self._fit = form, policy, fit
        self.n_rows = self.n_dropped = 0
        self._counts = {name: Counter[str]() for name in _COUNTED}
        self._dropped = Counter[str]()
        self._prompts: list[pl.Series] = []
        self._tokens: dict[str, int | None] = {"completion_tokens": None, "student_tokens": 0}

    def kept(self, batches: Iterable[pl.DataFrame], tell: Any) -> Iterator[pl.DataFrame]:
        """Rows that may be exported; of each other one, `tell` gets a line."""
        for batch in batches:
            self.form.check(batch)
            kept, dropped = self._policy.split(batch)
            if self._fit:
                kept, too_long = self._fitting(kept, self._fit)
                dropped = pl.concat([dropped, too_long])
            for row in dropped.iter_rows(named=True):
                tell(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
                # Every length is a reason of its own; what is counted is that a row is too long.
                reason = "too_long" if row["reason"].startswith("too_long:") else row["reason"]
                self._dropped[reason] += 1
            self.n_dropped += dropped.height
            if kept.height:
                self._count(kept)
                yield kept

    def _fitting(self, rows: pl.DataFrame, fit: Fit) -> tuple[pl.DataFrame, pl.DataFrame]:
        key = next(name for name in ("rollout_id", "chosen_id", "prompt_id") if name in rows.columns)
        lengths = pl.Series("n", fit.too_long(rows.to_dicts()), dtype=pl.Int64)
        dropped = rows.select(id=key).with_columns(n=lengths).filter(pl.col("n").is_not_null())
        return rows.filter(lengths.is_null()), dropped.select(
            "id", reason=pl.lit("too_long:") + pl.col("n").cast(pl.String)
        )

    def _count(self, rows: pl.DataFrame) -> None:
        self.n_rows += rows.height
        for name, column in _COUNTED.items():
            if column in rows.columns:
                counted = rows[column].fill_null(NOT_STATED).value_counts(name="n")
                self._counts[name].update(dict(counted.iter_rows()))
        # Eight bytes for each prompt, so that also many million are counted in little memory.
        self._prompts.append(rows["prompt_id"].hash())
        for name, so_far in self._tokens.items():
            column = rows[name] if name in rows.columns else None
            if name == "student_tokens" and (column is None or column.null_count() or so_far is None):
                self._tokens[name] = None
            elif column is not None:
                self._tokens[name] = (so_far or 0) + int(column.sum())

    def why_nothing(self) -> ConfigError | QueryError:
        """Why there is no row to export, and what to change."""
        if not self.n_dropped:
            return QueryError(
                "The mix gave no rows, so nothing was exported. Run a night that accepts traces, widen the "
                "mix's SQL or parameters, or name another recipe by --recipe FILE."
            )
        reasons = ", ".join(f"{reason} ({n:,})" for reason, n in self._dropped.most_common(5))
        advice = {
            "licence": "widen `licences` under [export] of the recipe",
            "terms": "widen `terms` under [export] of the recipe",
            "pii": "materialise `pii` where rows are unmeasured, or keep what was found by --keep-pii",
            "too_long": "raise max_tokens of the student's recipe",
        }
        todo = {advice[reason.partition(":")[0]]: None for reason, _ in self._dropped.most_common()}
        return ConfigError(
            f"None of the mix's {self.n_dropped:,} rows may be exported, so nothing was: {reasons}. "
            f"To change that, {'; '.join(todo)}."
        )

    def card(self, folder: Path, about: About) -> dict[str, Any]:
        """What `card.json` holds."""
        files = sorted(path for path in folder.iterdir())
        digests = {path.name: digest_of([path]) for path in files}
        rules = self._policy.rules.model_dump(mode="json")
        return {
            "form": self.form.name,
            "digest": ids.digest(digests),
            "rows_digest": digest_of(data_files(folder)),
            "n_rows": self.n_rows,
            "n_prompts": pl.concat(self._prompts).n_unique(),
            **self._tokens,
            **{name: dict(counts.most_common()) for name, counts in self._counts.items()},
            "n_dropped": self.n_dropped,
            "dropped": dict(self._dropped.most_common()),
            "policy": rules | {"keep_pii": self._policy.marks is None},
            "student": self._fit and {"name": self._fit.student, "max_tokens": self._fit.max_tokens},
            "mix": {"name": about.mix, "sql": about.sql, "parameters": dict(about.parameters)},
            "recipe": about.recipe,
            "filters": dict(about.filters),
            "inputs": dict(about.tables),
            "packages": dict(about.packages),
            "files": [
                {"name": path.name, "bytes": path.stat().st_size, "digest": digests[path.name]}
                for path in files
            ],
        }


def _columns(folder: Path) -> pa.Schema:
    import pyarrow.parquet as pq

    return pq.read_schema(data_files(folder)[0])


def _remove_abandoned(folder: Path) -> None:
    for unfinished in folder.glob(f"{_UNFINISHED}*"):
        try:
            written_at = max(path.stat().st_mtime for path in (unfinished, *unfinished.iterdir()))
        except FileNotFoundError:  # its writer has finished
            continue
        if time.time() - written_at > ABANDONED_S:
            shutil.rmtree(unfinished, ignore_errors=True)


def _publish(unfinished: Path, folder: Path) -> None:
    for path in unfinished.iterdir():
        path.chmod(0o444)  # what a digest names must stay what it names
        sync(path)
    unfinished.chmod(0o755)  # a folder of mkdtemp is private to its maker
    sync(unfinished)
    try:
        unfinished.rename(folder)
    except OSError:
        if not (folder / CARD).is_file():  # else another run published equal rows first
            raise
    sync(folder.parent)
