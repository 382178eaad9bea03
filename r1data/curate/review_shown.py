"""What a person is shown of one rollout: its texts and all that is known for and against it."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from r1data.curate.cold_start import REFINEMENT
from r1data.curate.current import current_judgements, current_references, own_references
from r1data.curate.review_checks import known_rollouts
from r1data.verify import VERIFIERS
from r1data.verify.stored import Store

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Shown:
    """One rollout as a reviewer sees it."""

    rollout_id: str
    night: str
    messages: Rows
    """role and content; of a refinement those of its question."""
    reasoning: str | None
    """The thought, trimmed; None without one."""
    answer: str | None
    """What follows the thought, trimmed; None without one."""
    facts: dict[str, Any]
    """teacher, domain, source, finish_reason, completion_tokens; null where it is not known."""
    reference: dict[str, Any] | None
    """Schema PROMPT_REFERENCES; None without one."""
    verdicts: Rows
    """Schema VERDICTS, of the current versions."""
    judgements: Rows
    """Schema JUDGEMENTS, of the newest judge on the current reference."""
    selections: Rows
    """recipe, kept, reasons: of the selection, with judge_has_vote, and of cold start for a refinement."""
    reviews: Rows
    """Schema REVIEWS, the latest first."""


def shown(store: Store, rollout_id: str, *, recipe: str | None = None) -> Shown | None:
    """All about a rollout, its reference that of a recipe or else the latest; None when the lake has none of
    that id.
    """
    known = known_rollouts(store, [rollout_id]).get(rollout_id)
    if known is None:
        return None
    night, prompt_id = known["night"], known["prompt_id"]
    references = store.scan("prompt_references").filter(prompt_id=prompt_id)
    if recipe:
        references = own_references(references, recipe)
    reference = _rows(current_references(references))
    version = reference[0]["reference_version"] if reference else ""
    about = {
        table: _rows(store.scan(table, night).filter(rollout_id=rollout_id))
        for table in ("verdicts", "reviews", "selected", "cold_start_refined")
    }
    this = pl.LazyFrame({"rollout_id": [rollout_id], "prompt_id": [prompt_id]})
    judged = store.scan("judgements", night).filter(rollout_id=rollout_id)
    verdicts = [
        row
        for row in about["verdicts"]
        if row["reference_version"] in ("", version)
        and row["verifier"] in VERIFIERS
        and row["verifier_version"] == VERIFIERS[row["verifier"]].version
    ]
    return Shown(
        rollout_id,
        night,
        known["messages"] or [],
        known["reasoning"],
        known["answer"],
        _facts(store, night, rollout_id, prompt_id),
        reference[0] if reference else None,
        sorted(verdicts, key=lambda row: row["verifier"]),
        _rows(current_judgements(this, judged, references).sort("rubric")),
        [row | {"kept": row["accepted"]} for row in about["selected"]] + about["cold_start_refined"],
        sorted(about["reviews"], key=lambda row: (row["reviewed_at"], row["review_id"]), reverse=True),
    )


def _facts(store: Store, night: str, rollout_id: str, prompt_id: str) -> dict[str, Any]:
    columns = ("teacher_id", "finish_reason", "completion_tokens")
    found = _rows(store.scan("rollouts", night).filter(rollout_id=rollout_id).select(columns))[0]
    teacher = store.scan("teachers").filter(teacher_id=found.pop("teacher_id")).select(teacher="name")
    prompt = store.scan("prompts").filter(prompt_id=prompt_id).select("domain", "source")
    parts: Rows = [*_rows(teacher), *_rows(prompt), found]
    facts = {name: value for part in parts for name, value in part.items()}
    return facts | {"source": "cold start" if facts.get("source") == REFINEMENT else facts.get("source")}


def _rows(found: pl.LazyFrame) -> Rows:
    return found.collect().to_dicts()
