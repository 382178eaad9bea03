"""What is out of date (nights are made current in `tests/cli/test_verify.py`)."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from r1data.curate.stale import stale
from r1data.lake import Lake
from tests.curate.conftest import NIGHT, rows


def test_refinements_are_out_of_date_once_the_reference_of_their_question_is_corrected(
    tmp_path: Path, make_recipe: Callable[..., Any]
) -> None:
    def name_reference(prompt_id: str, version: str, day: int) -> None:
        row = {"night": NIGHT, "prompt_id": prompt_id, "reference_version": version, "recipe": "r"}
        row |= {"added_at": datetime(2026, 1, day, tzinfo=UTC), "verifier": "exact", "reference": version}
        lake.append("prompt_references", rows("prompt_references", row))

    lake, own = Lake(tmp_path), {"recipe": "r", "night": NIGHT}
    refined = own | {"rollout_id": "a", "prompt_id": "request", "original_prompt_id": "question"}
    lake.replace("cold_start_refined", own, rows("cold_start_refined", refined))
    for prompt_id in ("question", "request"):
        name_reference(prompt_id, "v1", 2)
    assert stale(lake, make_recipe()).is_empty()
    name_reference("question", "v2", 3)
    assert stale(lake, make_recipe()).rows() == [(NIGHT, "cold_start_refined", 1)]
    name_reference("request", "v2", 3)
    assert stale(lake, make_recipe()).is_empty()
