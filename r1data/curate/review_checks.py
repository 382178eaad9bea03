"""What a review must meet before it is stored, whether it comes from a file or from the page."""

from collections.abc import Callable, Iterable
from typing import Any

import polars as pl

from r1data.curate.cold_start import REFINEMENT
from r1data.curate.corpus import texts
from r1data.curate.current import current_references
from r1data.errors import InputError
from r1data.text import CLOSE, OPEN
from r1data.verify import format_
from r1data.verify.run import verify_rollouts
from r1data.verify.stored import Store

NO_RULE = "no_rule"
"""Reason of a verdict that leaves the decision to others; a person's edit then stands as it is."""


def known_rollouts(store: Store, rollout_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Stored rollouts by id: night, rollout_id, prompt_id, reasoning, answer, needs_thought, and the
    messages that people are shown: of a request to refine, those of its question.

    A rollout that was asked and made without a thought needs none, and none of domain general does, as the
    selection has it. No text of another rollout is read.
    """
    mine = _among(store.scan("rollouts"), "rollout_id", rollout_ids)
    has_thought = pl.col("thought_start").is_not_null()
    about = mine.select("night", "rollout_id", "prompt_id", has_thought=has_thought)
    rows = about.join(texts(mine), on="rollout_id").collect()
    prompts = _questions(store, rows["prompt_id"])
    refined = pl.col("source").eq_missing(REFINEMENT)
    general = pl.col("domain").eq_missing("general")
    found = rows.join(prompts, on="prompt_id", how="left").select(
        "night", "rollout_id", "prompt_id", "messages", "reasoning", "answer",
        needs_thought=(pl.col("has_thought") & ~general) | refined,
    )  # fmt: skip
    return {row["rollout_id"]: row for row in found.iter_rows(named=True)}


def _questions(store: Store, prompt_ids: Iterable[str]) -> pl.DataFrame:
    """prompt_id, source, domain, and the messages that people are shown: of a request to refine those of its
    question.
    """
    columns = ("prompt_id", "source", "domain", "origin", "messages")
    asked = _among(store.scan("prompts"), "prompt_id", prompt_ids).select(columns).collect()
    requests = asked.filter(pl.col("source").eq_missing(REFINEMENT))
    if requests.is_empty():
        return asked.drop("origin")
    answered = _among(store.scan("rollouts"), "rollout_id", requests["origin"])
    origins = answered.select(origin="rollout_id", question="prompt_id").collect()
    questions = _among(store.scan("prompts"), "prompt_id", origins["question"])
    shown = origins.join(questions.select(question="prompt_id", shown="messages").collect(), on="question")
    messages = pl.when(pl.col("source").eq_missing(REFINEMENT)).then("shown").otherwise("messages")
    with_question = asked.join(shown.select("origin", "shown"), on="origin", how="left")
    return with_question.select("prompt_id", "source", "domain", messages=messages)


def _among(rows: pl.LazyFrame, key: str, wanted: Iterable[str]) -> pl.LazyFrame:
    """Rows by key, as a filter: a join would read every text first."""
    return rows.filter(pl.col(key).is_in(pl.Series(list(wanted), dtype=pl.String).unique().implode()))


def check_approved(where: str, stored: dict[str, Any]) -> None:
    """Refuse to approve a rollout that lacks what a trace needs.

    Raises:
        InputError: it has no thought or no answer.
    """
    for name in ("reasoning", "answer"):
        if not stored[name] and (name == "answer" or stored["needs_thought"]):
            raise InputError(
                f"{where}the rollout has no {name}, so it cannot be approved. Write edit or reject."
            )


def check_edits(
    store: Store, reviews: pl.DataFrame, known: dict[str, dict[str, Any]], where: Callable[[str], str]
) -> None:
    """Judge edited texts by the verifiers of their prompts; where no rule decides, as without a usable
    reference, the person does.

    Args:
        store: where references are.
        reviews: schema REVIEWS, new ones.
        known: as `known_rollouts` gives them.
        where: the beginning of a message about a rollout.

    Raises:
        InputError: an edit has no form or is not right.
    """
    rows = []
    for night, rollout, reasoning, answer in (
        reviews.filter(verdict="edit").select("night", "rollout_id", "reasoning", "answer").iter_rows()
    ):
        completion = f"{OPEN}\n{reasoning}\n{CLOSE}\n\n{answer}" if reasoning else answer
        bare = not reasoning and not known[rollout]["needs_thought"]
        form = format_.verify(completion or "", None, {})
        if form.verdict != "right" and not (bare and form.reason == "no_thought"):
            raise InputError(
                f"{where(rollout)}an edit needs a thought and an answer, without tags in them "
                f"({form.reason})."
            )
        rows.append((night, rollout, known[rollout]["prompt_id"], completion, "stop"))
    if not rows:
        return
    columns = ("night", "rollout_id", "prompt_id", "completion", "finish_reason")
    completions = pl.LazyFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    references = current_references(store.scan("prompt_references")).drop("night")
    references = references.filter(pl.col("quality").is_null())
    judged = verify_rollouts(completions, references, workers=1 if len(rows) == 1 else None)
    for rollout, verdict, reason in judged.select("rollout_id", "verdict", "reason").iter_rows():
        if verdict != "right" and reason != NO_RULE:
            raise InputError(
                f"{where(rollout)}the edited answer is not right ({reason}). Correct it, or reject it."
            )
