"""Reviews of people, by way of a file that a spreadsheet opens.

The file is CSV in UTF-8 with a byte order mark, every cell quoted. A cell that a spreadsheet would take for a
formula gets an apostrophe in front, which is taken away again on import. A spreadsheet holds at most
CELL_CHARS characters in a cell: longer texts are cut and end with CUT, and such a row can be approved or
rejected, not edited.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import xxhash

from r1data import ids
from r1data.curate.cold_start import latest_reviews
from r1data.curate.corpus import texts
from r1data.curate.current import current_references
from r1data.errors import InputError
from r1data.schema import TABLES
from r1data.text import CLOSE, OPEN, is_well_formed, prompt_text
from r1data.verify.run import verify_rollouts
from r1data.verify.stored import Store

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
    content = (text or "").replace("\r\n", "\n")
    content = f"'{content}" if _FORMULA.match(content) else content
    return content if len(content) <= CELL_CHARS else content[: CELL_CHARS - len(CUT)] + CUT


def uncell(text: str) -> str:
    """The text of a cell: the opposite of `cell`, for one that was not cut."""
    content = text.replace("\r\n", "\n")
    return content[1:] if content.startswith("'") and _FORMULA.match(content) else content


def exported(store: Store, refined: pl.LazyFrame, *, everything: bool = False) -> pl.DataFrame:
    """The rows of a review file: refinements that were kept and nobody has reviewed.

    Args:
        store: where rollouts, prompts, references and reviews are.
        refined: schema COLD_START_REFINED, of one recipe and night.
        everything: also those that a rule rejected or a person has reviewed, as far as they have a thought
            and an answer.

    Returns:
        Texts by COLUMNS, cells not yet escaped; sorted by prompt and rollout.
    """
    latest = latest_reviews(store.scan("reviews")).select(
        "rollout_id", latest_verdict="verdict", latest_reviewer="reviewer"
    )
    references = current_references(store.scan("prompt_references")).select("prompt_id", "reference")
    rows = (
        refined.select("rollout_id", "kept", "reasons", prompt_id="original_prompt_id")
        .join(texts(store.scan("rollouts")), on="rollout_id")
        .join(latest, on="rollout_id", how="left")
        .join(store.scan("prompts").select("prompt_id", "messages"), on="prompt_id")
        .join(references, on="prompt_id", how="left")
        .filter((pl.col("reasoning") != "") & (pl.col("answer") != ""))
        .sort("prompt_id", "rollout_id")
        .with_columns(pl.col("reasons").list.join("; "))
    )
    if not everything:
        rows = rows.filter(pl.col("kept") & pl.col("latest_verdict").is_null())
    found = rows.collect()
    prompts = [prompt_text(messages) for messages in found["messages"].to_list()]
    blank = {name: pl.lit("") for name in ("verdict", "note", "reviewer", "reviewed_at")}
    return found.with_columns(prompt=pl.Series(prompts, dtype=pl.String), **blank).select(COLUMNS)


def as_csv(rows: pl.DataFrame) -> bytes:
    """A review file."""
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL)
    writer.writerow(rows.columns)
    writer.writerows([cell(value) for value in row] for row in rows.iter_rows())
    return ("\ufeff" + written.getvalue()).encode()


@dataclass(frozen=True)
class _Row:
    """One row of a review file that has a verdict."""

    line: int
    cells: dict[str, str]
    file: str
    """Hash of the file's bytes."""
    reviewer: str
    reviewed_at: datetime


def imported(store: Store, file: Path, *, reviewer: str | None, now: datetime) -> pl.DataFrame:
    """The reviews of a file that are not stored yet; rows without a verdict are left aside.

    A row that says what its reviewer's latest review of that rollout says is none of a new review.

    Args:
        store: where rollouts, prompts, references and reviews are.
        file: CSV, as exported and filled in.
        reviewer: who reviewed where the file's column of that name is empty.
        now: when, where the file's column `reviewed_at` is empty.

    Returns:
        Schema REVIEWS.

    Raises:
        InputError: a row cannot be used; names file and line. Nothing of the file is to be published then.
    """
    rows = list(_read(file, reviewer, now))
    wanted = pl.LazyFrame(
        {"rollout_id": [row.cells["rollout_id"] for row in rows]}, {"rollout_id": pl.String}
    )
    mine = store.scan("rollouts").join(wanted.unique(), on="rollout_id", how="semi")
    columns = ["night", "rollout_id", "prompt_id", "reasoning", "answer"]
    known = {
        row["rollout_id"]: row
        for row in texts(mine)
        .join(mine.select("night", "rollout_id", "prompt_id"), on="rollout_id")
        .select(columns)
        .collect()
        .iter_rows(named=True)
    }
    reviews = [_review(row, known, file) for row in rows]
    frame = pl.DataFrame(reviews, schema=TABLES["reviews"].schema, orient="row")
    _check_answers(store, frame, rows, file)
    return _new(store, frame)


def _read(file: Path, reviewer: str | None, now: datetime) -> Iterator[_Row]:
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
    line = table.line_num + 1
    for found in table:
        cells = {name: value or "" for name, value in found.items() if name}
        at, line = line, table.line_num + 1
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
        yield _Row(at, cells, named, who, _when(cells.get("reviewed_at", "").strip(), where) or now)


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


def _review(row: _Row, known: dict[str, dict[str, Any]], file: Path) -> dict[str, Any]:
    """A row of table `reviews`."""
    where, cells = f"{file}, line {row.line}", row.cells
    stored = known.get(cells["rollout_id"])
    if stored is None:
        raise InputError(f"{where}: the lake has no rollout `{cells['rollout_id']}`.")
    names = ("reasoning", "answer")
    verdict = cells["verdict"]
    if verdict != "reject":
        _check_texts(where, verdict, {name: (cells[name], stored[name]) for name in names})
    text = {name: uncell(cells[name]).strip() if verdict == "edit" else None for name in names}
    note = uncell(cells.get("note", "")).strip() or None
    said = (cells["rollout_id"], verdict, text, row.reviewer, note, cells.get("reviewed_at", "").strip())
    return {
        "night": stored["night"],
        "review_id": ids.digest(row.file, *said),
        "rollout_id": cells["rollout_id"],
        "verdict": verdict,
        **text,
        "reviewer": row.reviewer,
        "reviewed_at": row.reviewed_at,
        "note": note,
    }


def _check_texts(where: str, verdict: str, pairs: dict[str, tuple[str, str | None]]) -> None:
    for name, (given, stored) in pairs.items():
        content = given.replace("\r\n", "\n")
        if verdict == "approve" and not stored:
            raise InputError(
                f"{where}: the rollout has no {name}, so it cannot be approved. Write edit or reject."
            )
        if verdict == "approve" and content.strip() != cell(stored).strip():
            raise InputError(
                f"{where}: `{name}` was changed. Write edit as its verdict, or leave it as it was."
            )
        if verdict == "edit" and content.endswith(CUT):
            raise InputError(
                f"{where}: `{name}` was cut to {CELL_CHARS:,} characters, so it cannot be edited here."
            )


def _check_answers(store: Store, reviews: pl.DataFrame, rows: list[_Row], file: Path) -> None:
    """Judge edited texts by the verifiers of their prompts."""
    edits = reviews.filter(verdict="edit")
    if edits.is_empty():
        return
    lines = {row.cells["rollout_id"]: row.line for row in rows}
    whole = pl.format(f"{OPEN}\n{{}}\n{CLOSE}\n\n{{}}", "reasoning", "answer")
    asked = store.scan("rollouts").select("rollout_id", "prompt_id")
    completions = (
        edits.lazy()
        .select("night", "rollout_id", completion=whole, finish_reason=pl.lit("stop"))
        .join(asked, on="rollout_id")
    )
    for rollout, completion in completions.select("rollout_id", "completion").collect().iter_rows():
        if not is_well_formed(completion):
            raise InputError(
                f"{file}, line {lines[rollout]}: an edit needs a thought and an answer, without tags in them."
            )
    references = current_references(store.scan("prompt_references"))
    judged = verify_rollouts(completions, references.drop("night"))
    right = set(judged.filter(verdict="right")["rollout_id"])
    reasons = dict(judged.select("rollout_id", "reason").iter_rows())
    for rollout in edits["rollout_id"]:
        if rollout not in right:
            raise InputError(
                f"{file}, line {lines[rollout]}: the edited answer is not right "
                f"({reasons.get(rollout, 'no reference')}). Correct it, or write reject."
            )


def _new(store: Store, reviews: pl.DataFrame) -> pl.DataFrame:
    """Without what is stored, and what the same reviewer said last."""
    said = ["rollout_id", "reviewer", "verdict", "reasoning", "answer", "note"]
    stored = store.scan("reviews").sort("reviewed_at", "review_id")
    last = stored.unique(["rollout_id", "reviewer"], keep="last", maintain_order=True)
    new = reviews.lazy().join(stored, on="review_id", how="anti")
    return new.join(last, on=said, how="anti", nulls_equal=True).collect()
