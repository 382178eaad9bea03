"""Rows of the three kinds of mixes, and policies for them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from r1data.recipe import ExportRules
from r1data.schema.facts import MARK
from r1data.train.exports import About, Export, Marks, Policy, export
from r1data.train.mix_kinds import PAIRS, PROMPTS, TRACES

AWKWARD = '\u2028 \u0000 \U0001f600 ً مرحبا\r\n\t"\\ </think> <think> |```| {{ x }} é e\u0301'
ABOUT = About(
    mix="shortest",
    sql="-- which?\nselect 1",
    parameters={"keep": 2, "order": "night"},
    recipe="night",
    tables={"corpus": 7},
    filters={"select": {"keep_per_prompt": 4}},
    packages={"polars": "2.1.0"},
)


def asked(i: int) -> dict[str, Any]:
    """What a row of every kind says of its prompt."""
    return {
        "prompt_id": f"p{i}",
        "night": "2026-01-01",
        "messages": [{"role": "user", "content": f"What is {i} + 1? {AWKWARD}"}],
        "domain": "math",
        "language": "en",
        "source": "sums",
        "licence": "MIT",
    }


def traces(n: int, **changed: Any) -> pl.DataFrame:
    """Rows of a mix of traces."""
    made = [
        asked(i)
        | {
            "rollout_id": f"r{i}",
            "completion_tokens": 20,
            "licence": "CC0-1.0",
            "terms": "MIT",
            "reasoning": f"{i} + 1 = {i + 1}. 天 {AWKWARD}",
            "answer": f"{i + 1} {AWKWARD}",
        }
        | changed
        for i in range(n)
    ]
    return pl.DataFrame(made, schema=dict(TRACES.columns))


def prompts(n: int, **changed: Any) -> pl.DataFrame:
    """Rows of a mix of prompts."""
    made = [
        asked(i)
        | {
            "verifier": "math",
            "reference": str(i + 1),
            "verifier_args": "{}",
            "pass_rate": 0.5,
        }
        | changed
        for i in range(n)
    ]
    return pl.DataFrame(made, schema=dict(PROMPTS.columns))


def pairs(n: int, **changed: Any) -> pl.DataFrame:
    """Rows of a mix of pairs."""
    made = [
        asked(i)
        | {
            "chosen_id": f"c{i}",
            "chosen_reasoning": f"{i} + 1 = {i + 1}. {AWKWARD}",
            "chosen_answer": f"{i + 1}",
            "rejected_id": f"w{i}",
            "rejected_reasoning": f"{i} + 1 = {i}. {AWKWARD}",
            "rejected_answer": f"{i}",
            "terms": "MIT",
        }
        | changed
        for i in range(n)
    ]
    return pl.DataFrame(made, schema=dict(PAIRS.columns))


ROWS = {"grpo": prompts, "verl": prompts, "dpo": pairs}
"""What a form reads, where it is not traces."""
OPEN = Policy(ExportRules(), None)
"""Nothing is looked for."""


def find_at(subjects: pl.LazyFrame) -> pl.LazyFrame:
    """A search that takes every text with `@` for an e-mail address."""
    mark = pl.lit([{"kind": "email", "offset": 0, "length": 1, "masked": "x"}], dtype=pl.List(MARK))
    found = pl.col("text").str.contains("@", literal=True)
    return subjects.select(
        "subject_id", marks=pl.when(found).then(mark).otherwise(pl.lit([], dtype=pl.List(MARK)))
    )


def marks(known: dict[str, str], edited: frozenset[str] = frozenset()) -> Marks:
    """What is known of personal data: kind by id, empty where there is none."""
    frame = {"subject_id": list(known), "kind": list(known.values())}
    return Marks(pl.DataFrame(frame, schema=dict.fromkeys(frame, pl.String)), edited, find_at)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Export]:
    """Exports rows of the kind that a form reads."""

    def write(form: str, n: int = 3, rows: pl.DataFrame | None = None, policy: Policy = OPEN) -> Export:
        given = ROWS.get(form, traces)(n) if rows is None else rows
        return export([given], tmp_path / "exports", form=form, policy=policy, about=ABOUT)

    return write
