"""Reviews of people that come in a file (`review_file` reads it, `review_queue` writes it)."""

from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from r1data import ids
from r1data.curate.current import latest_reviews
from r1data.curate.review_checks import check_approved, check_edits, known_rollouts
from r1data.curate.review_file import CELL_CHARS, CUT, Row, cell, read, uncell
from r1data.errors import InputError
from r1data.schema import TABLES
from r1data.text import prompt_text
from r1data.verify.stored import Store


def imported(store: Store, file: Path, *, reviewer: str | None, now: datetime) -> pl.DataFrame:
    """The reviews of a file that are not stored yet; rows without a verdict are left aside.

    A row that says what its reviewer's latest review of that rollout says is no new review, unless its
    column `latest_reviewer` names somebody else whose review is the latest. A new one counts as later than
    all of its reviewer's before, whatever its date.

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
    rows = list(read(file, reviewer, now))
    known = known_rollouts(store, (row.cells["rollout_id"] for row in rows))
    reviews = [_review(row, known, file) for row in rows]
    frame = pl.DataFrame(reviews, schema=TABLES["reviews"].schema, orient="row")
    lines = {row.cells["rollout_id"]: row.line for row in rows}
    check_edits(store, frame, known, lambda rollout: f"{file}, line {lines[rollout]}: ")
    seen = pl.DataFrame(
        [(row.cells["rollout_id"], uncell(row.cells.get("latest_reviewer", "")).strip()) for row in rows],
        schema={"rollout_id": pl.String, "seen": pl.String},
        orient="row",
    )
    return _new(store, frame, seen)


def _review(row: Row, known: dict[str, dict[str, Any]], file: Path) -> dict[str, Any]:
    """A row of table `reviews`."""
    where, cells = f"{file}, line {row.line}", row.cells
    stored = known.get(cells["rollout_id"])
    if stored is None:
        raise InputError(f"{where}: the lake has no rollout `{cells['rollout_id']}`.")
    shown = uncell(cell(prompt_text(stored["messages"]))).strip()
    if "prompt" in cells and uncell(cells["prompt"]).strip() != shown:
        raise InputError(
            f"{where}: the prompt is not that of rollout `{cells['rollout_id']}`. "
            "Was one column sorted alone?"
        )
    names = ("reasoning", "answer")
    verdict = cells["verdict"]
    if verdict == "approve":
        check_approved(f"{where}: ", stored)
    if verdict != "reject":
        _check_texts(where, verdict, {name: (cells[name], stored[name]) for name in names})
    text = {name: (uncell(cells[name]).strip() or None) if verdict == "edit" else None for name in names}
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
        if verdict == "approve" and uncell(given).strip() != uncell(cell(stored)).strip():
            raise InputError(
                f"{where}: `{name}` was changed. Write edit as its verdict, or leave it as it was."
            )
        if verdict == "edit" and (CUT in given or cell(stored).endswith(CUT)):
            raise InputError(
                f"{where}: `{name}` was cut to {CELL_CHARS:,} characters, so it cannot be edited here."
            )


def _new(store: Store, reviews: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Without what is stored, and what the same reviewer said last, unless another overruled it."""
    said = ["rollout_id", "reviewer", "verdict", "reasoning", "answer", "note"]
    stored = store.scan("reviews").sort("reviewed_at", "review_id")
    last = stored.unique(["rollout_id", "reviewer"], keep="last", maintain_order=True)
    again = last.select(*said, again=pl.lit(True))
    before = last.select("rollout_id", "reviewer", before="reviewed_at")
    latest = latest_reviews(stored).select("rollout_id", latest_reviewer="reviewer")
    overruled = (pl.col("seen") == pl.col("latest_reviewer")) & (pl.col("seen") != pl.col("reviewer"))
    later = pl.max_horizontal("reviewed_at", pl.col("before") + pl.duration(microseconds=1))
    return (
        reviews.lazy()
        .join(stored, on="review_id", how="anti")
        .join(again, on=said, how="left", nulls_equal=True)
        .join(seen.lazy(), on="rollout_id", how="left")
        .join(latest, on="rollout_id", how="left")
        .filter(pl.col("again").is_null() | overruled.fill_null(False))
        .join(before, on=["rollout_id", "reviewer"], how="left")
        .with_columns(reviewed_at=later)
        .select(reviews.columns)
        .collect()
    )
