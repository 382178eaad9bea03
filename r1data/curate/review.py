"""Reviews of people: what they are shown, and what comes back of it (`review_file` is the file)."""

from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from r1data import ids
from r1data.curate.cold_start import REFINEMENT, latest_reviews
from r1data.curate.corpus import texts
from r1data.curate.current import current_references
from r1data.curate.review_file import CELL_CHARS, COLUMNS, CUT, Row, cell, read, uncell
from r1data.errors import InputError
from r1data.schema import TABLES
from r1data.text import CLOSE, OPEN, is_well_formed, prompt_text
from r1data.verify.run import verify_rollouts
from r1data.verify.stored import Store


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
    wanted = pl.LazyFrame(
        {"rollout_id": [row.cells["rollout_id"] for row in rows]}, {"rollout_id": pl.String}
    )
    mine = store.scan("rollouts").join(wanted.unique(), on="rollout_id", how="semi")
    columns = ["night", "rollout_id", "messages", "reasoning", "answer"]
    known = {
        row["rollout_id"]: row
        for row in texts(mine)
        .join(mine.select("night", "rollout_id", "prompt_id"), on="rollout_id")
        .join(_questions(store), on="prompt_id", how="left")
        .select(columns)
        .collect()
        .iter_rows(named=True)
    }
    reviews = [_review(row, known, file) for row in rows]
    frame = pl.DataFrame(reviews, schema=TABLES["reviews"].schema, orient="row")
    _check_answers(store, frame, rows, file)
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
        if verdict == "approve" and not stored:
            raise InputError(
                f"{where}: the rollout has no {name}, so it cannot be approved. Write edit or reject."
            )
        if verdict == "approve" and uncell(given).strip() != uncell(cell(stored)).strip():
            raise InputError(
                f"{where}: `{name}` was changed. Write edit as its verdict, or leave it as it was."
            )
        if verdict == "edit" and (CUT in given or cell(stored).endswith(CUT)):
            raise InputError(
                f"{where}: `{name}` was cut to {CELL_CHARS:,} characters, so it cannot be edited here."
            )


def _check_answers(store: Store, reviews: pl.DataFrame, rows: list[Row], file: Path) -> None:
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


def _questions(store: Store) -> pl.LazyFrame:
    """prompt_id and messages of what people are shown: of a request to refine, those of its question."""
    prompts = store.scan("prompts").select("prompt_id", "messages", "source", "origin")
    answered = store.scan("rollouts").select(origin="rollout_id", question="prompt_id")
    questions = prompts.select(question="prompt_id", shown="messages")
    refined = prompts.filter(source=REFINEMENT).join(answered, on="origin").join(questions, on="question")
    own = prompts.filter(pl.col("source").ne_missing(REFINEMENT)).select("prompt_id", "messages")
    return pl.concat([own, refined.select("prompt_id", messages="shown")])
