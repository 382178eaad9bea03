"""The file in which people review: CSV in UTF-8 with a byte order mark, every cell quoted.

A cell that a spreadsheet would take for a formula gets an apostrophe in front, which is taken away again on
import. A spreadsheet holds at most CELL_CHARS characters in a cell: longer texts are cut and end with CUT,
and such a row can be approved or rejected, not edited.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import xxhash

from r1data.errors import InputError

CELL_CHARS = 32_767
CUT = " … [cut: too long for a cell; approve or reject, do not edit]"
COLUMNS = (
    "rollout_id", "verdict", "prompt", "reference", "reasoning", "answer", "note", "reviewer", "reviewed_at",
    "reasons", "latest_verdict", "latest_reviewer",
)  # fmt: skip
"""Of the file. People fill `verdict`, `note`, `reviewer` and `reviewed_at`, and for an edit change
`reasoning` and `answer`; the others are there to be read.
"""
_NEEDED = ("rollout_id", "verdict", "reasoning", "answer")
_VERDICTS = ("approve", "reject", "edit")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def cell(text: str | None) -> str:
    """A text as a cell that no spreadsheet runs, or cuts without a word.

    >>> cell("=1+1")
    "'=1+1"
    """
    content = _lines(text or "")
    content = f"'{content}" if _FORMULA.match(content) else content
    units = content.encode("utf-16-le")  # which spreadsheets count as characters
    if len(units) <= 2 * CELL_CHARS:
        return content
    return units[: 2 * (CELL_CHARS - len(CUT))].decode("utf-16-le", "ignore") + CUT


def uncell(text: str) -> str:
    """The text of a cell: the opposite of `cell`, for one that was not cut."""
    content = _lines(text)
    return content[1:] if content.startswith("'") and _FORMULA.match(content) else content


def _lines(text: str) -> str:
    """The text with one kind of line end, as spreadsheets write any."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def as_csv(rows: pl.DataFrame) -> bytes:
    """A review file."""
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL)
    writer.writerow(rows.columns)
    writer.writerows([cell(value) for value in row] for row in rows.iter_rows())
    return ("\ufeff" + written.getvalue()).encode()


@dataclass(frozen=True)
class Row:
    """One row of a review file that has a verdict."""

    line: int
    cells: dict[str, str]
    file: str
    """Hash of the file's bytes."""
    reviewer: str
    reviewed_at: datetime


def read(file: Path, reviewer: str | None, now: datetime) -> Iterator[Row]:
    """Rows of a review file that have a verdict.

    Args:
        file: CSV, as exported and filled in.
        reviewer: who reviewed where the file's column of that name is empty.
        now: when, where the file's column `reviewed_at` is empty.

    Raises:
        InputError: a row cannot be used; names file and line.
    """
    try:
        content = file.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not UTF-8. Save it as `CSV UTF-8`.") from error
    csv.field_size_limit(2**24)
    head = text.partition("\n")[0]
    table = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ","
    )
    missing = [name for name in _NEEDED if name not in (table.fieldnames or ())]
    if missing:
        raise InputError(
            f"{file} lacks the columns {', '.join(missing)}. `r1data review export` writes them."
        )
    named, seen = xxhash.xxh3_128_hexdigest(content), set()
    for at, cells in _rows(table, file):
        verdict = cells["verdict"].strip().lower()
        if not verdict:
            continue
        where = f"{file}, line {at}"
        if verdict not in _VERDICTS:
            raise InputError(f"{where}: `{verdict}` is no verdict. Write approve, reject or edit.")
        who = uncell(cells.get("reviewer", "")).strip() or reviewer
        if not who:
            raise InputError(
                f"{where}: nobody is named. Fill the column `reviewer`, or give --reviewer NAME."
            )
        rollout = cells["rollout_id"].strip()
        if rollout in seen:
            raise InputError(f"{where}: rollout {rollout} comes twice. Keep one row of it.")
        seen.add(rollout)
        cells |= {"verdict": verdict, "rollout_id": rollout}
        when = _when(cells.get("reviewed_at", "").strip(), where) or now
        if when > now + timedelta(days=1):
            raise InputError(f"{where}: {when:%Y-%m-%d} is still to come. Correct `reviewed_at`.")
        yield Row(at, cells, named, who, when)


def _rows(table: csv.DictReader, file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and cells of every row."""
    line = table.line_num + 1
    try:
        for found in table:
            at, line = line, table.line_num + 1
            yield at, {name: value or "" for name, value in found.items() if name}
    except csv.Error as error:
        raise InputError(f"{file}, line {line}: not CSV ({error}). Export it again.") from error


def _when(text: str, where: str) -> datetime | None:
    if not text:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"{where}: `{text}` is no time. Write it as 2026-01-31 or 2026-01-31T14:05."
        ) from None
    return when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC)
