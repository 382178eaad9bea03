"""Hand-made ledgers in which every trace passes every stage, unless a test says otherwise."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from r1data.curate import language, readability
from r1data.curate.dedup import algorithm
from r1data.recipe import Duplicates, PromptSource, Recipe, Select
from r1data.schema import TABLES
from r1data.verify import VERIFIERS

NIGHT = "2026-01-02"
Ledgers = dict[str, pl.LazyFrame]


def rows(table: str, *values: dict[str, Any]) -> pl.LazyFrame:
    """Rows of a table; a column that is not given is null."""
    schema = TABLES[table].schema
    unknown = {name for row in values for name in row} - set(schema)
    assert not unknown, unknown
    full = [{name: row.get(name) for name in schema} for row in values]
    return pl.LazyFrame(full, schema=schema, orient="row")


@pytest.fixture
def make_recipe() -> Callable[..., Recipe]:
    """A recipe named `r`; sections by name."""

    def make(keep_per_prompt: int = 4, order: str = "shortest", **sections: Any) -> Recipe:
        source = PromptSource(name="s", source="templates")
        selection = Select(keep_per_prompt=keep_per_prompt, order=order)
        return Recipe(name="r", start=date(2026, 1, 1), prompts=(source,), select=selection, **sections)

    return make


@pytest.fixture
def make_ledgers() -> Callable[..., Ledgers]:
    """Ledgers of rollouts, given as dicts with `id` and facts that differ from a trace that passes."""

    def make(*traces: dict[str, Any], pairs: list[tuple[str, str, float]] = ()) -> Ledgers:
        full = [
            {"prompt": "p", "tokens": 10, "finish": "stop", "verdict": "right", "form": "right", "foreign": 0,
             "repetition": 0.0, "benchmark": None, "blocks": 0, "night": NIGHT} | trace for trace in traces
        ]  # fmt: skip
        prompts = sorted({trace["prompt"] for trace in full})
        return {
            "rollouts": rows("rollouts", *map(_rollout, full)),
            "prompts": rows(
                "prompts", *({"night": NIGHT, "prompt_id": p, "domain": "math"} for p in prompts)
            ),
            "prompt_references": rows("prompt_references", *(_reference(p, "v1", 1) for p in prompts)),
            "verdicts": rows("verdicts", *(verdict for trace in full for verdict in _verdicts(trace))),
            **{name: rows(name) for name in ("judgements", "calibrations", "reviews")},
            "duplicates": rows("duplicates", *(_pair(*pair) for pair in pairs)),
            "language": rows("language", *map(_language, full)),
            "readability": rows("readability", *map(_readability, full)),
            "contamination": rows(
                "contamination",
                *({"subject": "prompt", "subject_id": p, "contaminated": False} for p in prompts),
                *map(_contamination, full),
            ),
            "accepted_before": pl.LazyFrame(schema={"rollout_id": pl.String, "prompt_id": pl.String}),
        }

    return make


def _rollout(trace: dict[str, Any]) -> dict[str, Any]:
    text = f"<think>\nBecause {trace['id']}.\n</think>\n\nanswer {trace['id']}"
    end = text.index("</think>")
    return {
        "night": trace["night"], "rollout_id": trace["id"], "prompt_id": trace["prompt"], "teacher_id": "t",
        "finish_reason": trace["finish"], "completion_tokens": trace["tokens"], "completion": text,
        "thought_start": len("<think>"), "thought_end": end, "answer_start": end + len("</think>"),
    }  # fmt: skip


def _reference(prompt: str, version: str, day: int) -> dict[str, Any]:
    return {
        "night": NIGHT, "prompt_id": prompt, "reference_version": version, "verifier": "exact",
        "reference": "x", "added_at": datetime(2026, 1, day, tzinfo=UTC),
    }  # fmt: skip


def _verdicts(trace: dict[str, Any]) -> list[dict[str, Any]]:
    def verdict(verifier: str, word: str | None, reference: str) -> dict[str, Any]:
        return {
            "night": trace["night"], "rollout_id": trace["id"], "verifier": verifier, "verdict": word,
            "verifier_version": VERIFIERS[verifier].version, "reference_version": reference,
            "reward": {"right": 1.0, "wrong": 0.0}.get(word or ""),
            "reason": {"right": "equal", "wrong": "different"}.get(word or "", "timeout"),
        }  # fmt: skip

    return [verdict("exact", trace["verdict"], "v1"), verdict("format", trace["form"], "")]


def _pair(rollout_id: str, twin_id: str, jaccard: float) -> dict[str, Any]:
    return {
        "night": NIGHT, "rollout_id": rollout_id, "twin_id": twin_id, "twin_night": NIGHT, "jaccard": jaccard,
        "algorithm": algorithm(Duplicates()),
    }  # fmt: skip


def _language(trace: dict[str, Any]) -> dict[str, Any]:
    return {
        "night": trace["night"], "rollout_id": trace["id"], "version": language.VERSION,
        "n_foreign_chars": trace["foreign"],
    }  # fmt: skip


def _readability(trace: dict[str, Any]) -> dict[str, Any]:
    return {
        "night": trace["night"], "rollout_id": trace["id"], "version": readability.VERSION,
        "repetition": trace["repetition"], "longest_paragraph_chars": 10, "n_code_blocks": trace["blocks"],
        "n_tag_errors": 0,
    }  # fmt: skip


def _contamination(trace: dict[str, Any]) -> dict[str, Any]:
    leaked = trace["benchmark"]
    return {
        "night": trace["night"], "subject": "trace", "subject_id": trace["id"], "benchmark": leaked,
        "contaminated": leaked is not None,
    }  # fmt: skip
