"""The embedded model as a judge, through vLLM: it is far too small, and its calibration says so."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from r1data.generate.engine import Engine
from r1data.generate.engines import ENGINES
from r1data.judge.calibration import calibrate
from r1data.judge.vote import votes
from r1data.lake import Lake
from tests.judge.scripted import COMPUTED, judge_settings

pytestmark = pytest.mark.slow


class Shared:
    """The suite's vLLM, which stays when a judge is done with it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def __enter__(self) -> "Shared":
        return self

    def __exit__(self, *exc: object) -> None:
        pass


def test_the_embedded_model_runs_end_to_end_and_has_no_vote(
    vllm_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(ENGINES, "vllm", lambda generate, model: Shared(vllm_engine))
    settings = judge_settings(tmp_path, {**COMPUTED, "n": 8}, canaries=1, min_rows=8, extra_votes=0)
    asked = settings.generate.model_copy(update={"engine": "vllm", "max_tokens": 8})
    settings = settings.model_copy(update={"generate": asked})
    lake = Lake(tmp_path / "lake")
    assert calibrate(lake, settings, night="2026-01-02", now=datetime(2026, 1, 3, tzinfo=UTC)) == 8 + 9

    rows = lake.scan("calibration_rows").collect()
    replies = rows.filter(pl.col("votes").list.len() > 0)
    assert replies.height == 8 + 6, "an empty answer, a colon and 50,000 characters are not asked about"
    assert set(replies["reason"]) <= {"judged_right", "judged_wrong", "unsure", "swapped"}
    assert replies["margin"].is_between(0, 1).all(), "vLLM gives probabilities"
    found = votes(lake.scan("calibrations"), settings)
    assert found.select("rubric", "domain", "has_vote").rows() == [("reference_match", "math", False)]
    assert any(fault.endswith("won") for fault in found["faults"].item()), "it takes an attack for an answer"
