"""A model card says where a student comes from and what it gained."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from r1data.recipe import Evaluate, Student
from r1data.report.card import model_card
from r1data.schema import TABLES
from r1data.train.exports import Export

STUDENT = Student(name="tiny", base="embedded:tiny", evaluate=Evaluate(k=2))
EXPORT = Export(
    folder=Path("x"),
    form="trl",
    digest="e1",
    rows_digest="d1",
    n_rows=30,
    completion_tokens=900,
    licences={"CC0-1.0": 20, "not stated": 10},
    terms={"Apache-2.0": 30},
    inputs={"corpus": 4},
)
ROW: dict[str, Any] = {
    "run_key": "k1",
    "student": "tiny",
    "recipe": "night",
    "mix": "-- shortest\nselect 1\n",
    "rows_digest": "d1",
    "inputs": json.dumps({"corpus": 4}),
    "base": "embedded:tiny",
    "base_revision": "b1",
    "n_rows": 28,
    "n_rows_too_long": 2,
    "steps": 7,
    "first_loss": 1.5,
    "last_loss": 0.25,
    "elapsed_s": 12.3,
    "peak_memory_bytes": 3 * 2**30,
    "revision": "s1",
    "folder": "tiny-k1/model",
}


def attempts(revision: str, solved: list[bool]) -> pl.DataFrame:
    n = len(solved)
    return pl.DataFrame(
        {
            "student_id": [revision] * n,
            "student": [revision] * n,
            "revision": [revision] * n,
            "benchmark": ["heldout"] * n,
            "item_id": [f"i{i // 2}" for i in range(n)],
            "index": [i % 2 for i in range(n)],
            "finish_reason": ["stop"] * n,
            "completion_tokens": [20] * n,
            "elapsed_s": [0.5] * n,
            "verdict": ["right" if s else "wrong" for s in solved],
            "extracted": ["7"] * n,
            "well_formed": [True] * n,
            "solved": solved,
            "last_number_right": solved,
        }
    ).select(
        pl.all(),
        *(
            pl.lit(None, column.dtype).alias(column.name)
            for column in TABLES["evaluations"].columns
            if column.name in ("night", "run_key", "completion")
        ),
    )


def test_the_card_shows_both_models_and_the_paired_gain():
    before, after = attempts("b1", [False] * 80), attempts("s1", [True, False] * 40)
    card = model_card(ROW, after, before, student=STUDENT, export=EXPORT)
    assert "| embedded:tiny | 0.0 % (0.0 … 8.8) | 0.0 % |" in card
    assert "| tiny | 50.0 % (39.3 … 60.7) | 100.0 % |" in card
    assert "Gain in pass@1, paired by item: +50.0 points" in card
    assert "40 items, zero-shot, 2 attempts each, temperature 0.6, top-p 0.95" in card


@pytest.mark.parametrize(
    "fact",
    [
        "trained on 28 traces of recipe `night`",
        "`corpus` 4",
        "CC0-1.0 (20), not stated (10)",
        "Apache-2.0 (30)",
        "2 of them too long",
        "-- shortest\nselect 1\n```",
        "| learning_rate | 0.0001 |",
        "7 steps in 12 s with 3.0 GiB of memory; loss 1.500 → 0.250",
    ],
)
def test_the_card_says_what_went_in_and_how(fact: str):
    assert fact in model_card(
        ROW, attempts("s1", [True] * 4), attempts("b1", []), student=STUDENT, export=EXPORT
    )


def test_a_student_without_evaluations_says_so():
    card = model_card(ROW, attempts("s1", []), attempts("b1", [True] * 4), student=STUDENT, export=EXPORT)
    assert "Not evaluated on `heldout` yet." in card
