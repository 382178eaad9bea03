"""One review at a time, as the page gives it: checked like that of a file, and stored at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from r1data import ids
from r1data.curate.current import latest_reviews
from r1data.curate.review_checks import check_approved, check_edits, known_rollouts
from r1data.errors import ConcurrentWrite, InputError
from r1data.schema import TABLES
from r1data.verify.stored import Store


@dataclass(frozen=True)
class Said:
    """What a person says of a rollout."""

    rollout_id: str
    verdict: str
    """approve, reject or edit."""
    reviewer: str
    seen: str | None = None
    """review_id of the latest review that the person was shown; None when there was none."""
    reasoning: str = ""
    """edit: the thought as it should be."""
    answer: str = ""
    """edit: the answer as it should be."""
    note: str = ""


def reviewed(store: Store, said: Said, now: datetime) -> pl.DataFrame:
    """The row to store of a review; none when the latest review says the same by the same person.

    Args:
        store: where rollouts, prompts, references and reviews are.
        said: the review.
        now: when.

    Returns:
        Schema REVIEWS; later than every review of the rollout so far, whatever the clock says.

    Raises:
        InputError: it cannot be used; says why.
        ConcurrentWrite: somebody reviewed the rollout after what the person was shown.
    """
    if said.verdict not in ("approve", "reject", "edit"):
        raise InputError(f"`{said.verdict}` is no verdict: approve, reject or edit.")
    if not said.reviewer.strip():
        raise InputError("Fill in your name first: a review says who made it.")
    known = known_rollouts(store, [said.rollout_id])
    stored = known.get(said.rollout_id)
    if stored is None:
        raise InputError(f"The lake has no rollout `{said.rollout_id}`.")
    row = _row(said, stored, now)
    latest = latest_review(store, stored["night"], said.rollout_id)
    if latest is not None:
        if all(latest[name] == row[name] for name in _WORDS):
            return TABLES["reviews"].empty()
        if latest["review_id"] != said.seen:
            raise ConcurrentWrite(
                f"Meanwhile {latest['reviewer']} reviewed this rollout ({latest['verdict']}, "
                f"{latest['reviewed_at']:%Y-%m-%d %H:%M} UTC). Nothing was stored; repeat to overrule it."
            )
        row["reviewed_at"] = max(now, latest["reviewed_at"] + timedelta(microseconds=1))
    if said.verdict == "approve":
        check_approved("It cannot be approved: ", stored)
    if said.verdict == "edit" and all(
        row[name] == (stored[name] or None) for name in ("reasoning", "answer")
    ):
        raise InputError("Nothing was changed. Approve it as it is, or change thought or answer.")
    frame = pl.DataFrame([row], schema=TABLES["reviews"].schema, orient="row")
    check_edits(store, frame, known, lambda _: "Not stored: ")
    return frame


_WORDS = ("reviewer", "verdict", "reasoning", "answer", "note")


def latest_review(store: Store, night: str, rollout_id: str) -> dict[str, Any] | None:
    """The review of a rollout that counts, schema REVIEWS; None without one."""
    found = latest_reviews(store.scan("reviews", night).filter(rollout_id=rollout_id)).collect()
    return found.row(0, named=True) if found.height else None


def _row(said: Said, stored: dict[str, Any], now: datetime) -> dict[str, Any]:
    edits = said.verdict == "edit"
    text = {
        "reasoning": (said.reasoning.strip() or None) if edits else None,
        "answer": (said.answer.strip() or None) if edits else None,
    }
    words = {"verdict": said.verdict, **text, "reviewer": said.reviewer.strip()}
    words["note"] = said.note.strip() or None
    return {
        "night": stored["night"],
        "review_id": ids.digest("page", said.rollout_id, words, said.seen or ""),
        "rollout_id": said.rollout_id,
        **words,
        "reviewed_at": now,
    }
