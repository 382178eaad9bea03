"""What SQL says of a student beside its teacher is what the library says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from r1data.evaluate.against import against, with_memory, with_usd
from r1data.generate.models import ModelFolder
from tests.sql.conftest import ablation, catalog, rows

Ask = Callable[[Any, str], pl.DataFrame]


def test_shares_and_what_a_solved_prompt_takes_are_those_of_the_page(ask: Ask) -> None:
    tables = ablation({"a": [0.6]})
    for n, row in enumerate(tables["evaluations"]):
        row |= {"completion_tokens": 50 + 7 * n, "elapsed_s": 0.5 + n / 8}
    made = with_usd(rows("evaluations", tables["evaluations"]), None, "vllm")
    attempts = with_memory(made, ModelFolder(Path("nowhere"), "r", None, None))
    found = against("teacher", attempts[10:], attempts[:10])
    with catalog(tables) as connection:
        [told] = ask(connection, "questions/student_against_teacher.sql").to_dicts()
    assert found.accuracy and told["ratio"] == pytest.approx(found.accuracy.value)
    for unit in ("tokens", "seconds"):
        mine, theirs = found.takes[unit].solved
        assert mine and theirs
        assert told[f"{unit}_per_solved"] == pytest.approx(mine.value)
        assert told[f"other_{unit}_per_solved"] == pytest.approx(theirs.value)
