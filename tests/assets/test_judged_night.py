"""A night whose prompts no rule decides: judged, calibrated, overruled by a person, and explained."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from r1data.lake import Lake
from r1data.lake.query import fetch
from r1data.schema import TABLES
from r1data.train.mix import choose, load_mix

NIGHT = "2026-01-02"
Run = Callable[..., int]

RECIPE = """
name = "judged"
start = 2026-01-01

[[prompts]]
name = "open"
source = "files"
path = "PROMPTS"
columns = { prompt = "q", reference = "a" }
domain = "general"
verifier = "exact"
allow_missing_reference = true
licence = "MIT"

[generate]
engine = "fake"
rollouts_per_prompt = 2
max_tokens = 80
context_tokens = 1024
[generate.fake]
texts = [
    "<think>\\nOf {prompt} I think at length: {rollout_id}.\\n</think>\\n\\nIt is {rollout_id}",
    "Without a thought: {prompt} {rollout_id}",
]

[judge.rubrics]
general = ["helpful"]
[judge.generate]
engine = "fake"
teacher = "judge.toml"
[judge.generate.fake]
texts = ["HELPFUL"]

[checks]
min_accepted = 0
"""


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two prompts without a reference, and one whose reference is a text."""
    lines = [
        '{"q": "Write a line about rain.", "a": null}',
        '{"q": "Name a friendly greeting.", "a": null}',
        '{"q": "Where is it?", "a": "at home"}',
    ]
    (tmp_path / "prompts.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "judge.toml").write_text('name = "judge"\nmodel = "fake:j"\n', encoding="utf-8")
    path = tmp_path / "judged.toml"
    path.write_text(RECIPE.replace("PROMPTS", str(tmp_path / "prompts.jsonl")), encoding="utf-8")
    monkeypatch.setenv("R1DATA_RECIPE", str(path))
    return path


def calibrated(lake: Lake) -> None:
    """The judge passes a calibration of the rubric that it was asked by."""
    asked = lake.scan("judgements").filter(rubric="helpful").head(1).collect().row(0, named=True)
    row = {name: asked[name] for name in ("night", "judge_id", "rubric", "rubric_version")} | {
        "calibration_id": "c", "data_version": "d", "domain": "any", "n_rows": 200, "n_decided": 200,
        "kappa": 0.9, "kappa_low": 0.8, "kappa_high": 1.0, "false_positives": 0.01, "false_negatives": 0.01,
        "position_bias": 0.0, "canaries": [{"attack": "empty", "n_rows": 8, "n_won": 0}],
        "measured_at": datetime.now(UTC),
    }  # fmt: skip
    schema = TABLES["calibrations"].schema
    frame = pl.DataFrame([dict.fromkeys(schema) | row], schema=schema, orient="row")
    lake.append("calibrations", frame)


def reviewed(lake: Lake, rollout_id: str, verdict: str) -> None:
    """A person says so."""
    schema = TABLES["reviews"].schema
    row = {
        "night": NIGHT, "review_id": rollout_id, "rollout_id": rollout_id, "verdict": verdict,
        "reviewer": "ada", "reviewed_at": datetime.now(UTC), "note": "It says nothing.",
    }  # fmt: skip
    lake.append("reviews", pl.DataFrame([dict.fromkeys(schema) | row], schema=schema, orient="row"))


def test_a_judge_decides_once_it_has_a_vote_and_a_person_overrules_it(
    r1data: Run, home_lake: Lake, recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert r1data("run", "--night", NIGHT) == 0
    judged = home_lake.scan("judgements").collect()
    assert judged.group_by("rubric").len().sort("rubric").rows() == [("helpful", 4), ("reference_match", 2)]
    assert home_lake.scan("corpus").collect().is_empty(), "the judge was never calibrated"
    selected = home_lake.scan("selected").collect()
    assert selected["reasons"].list.join(",").value_counts().sort("reasons").rows() == [
        ("verification:different", 2),
        ("verification:judge_has_no_vote", 4),
    ]
    capsys.readouterr()
    assert r1data("funnel", "--night", NIGHT) == 0
    assert "4 rollouts waited for the judge, which has no vote" in " ".join(capsys.readouterr().out.split())

    calibrated(home_lake)
    refused = judged.filter(rubric="helpful")["rollout_id"].min()
    reviewed(home_lake, refused, "reject")
    assert r1data("run", "--night", NIGHT) == 0
    assert home_lake.scan("judgements").collect().equals(judged), "nothing is asked twice"
    rows = home_lake.scan("corpus").collect()
    assert rows.height == 3 and refused not in rows["rollout_id"]
    assert rows.select("decided_by", "reward").unique().rows() == [("judge", 1.0)]
    assert 1 <= (rows["reasoning"] == "").sum() <= 2, "prompts of domain general need no thought"
    assert choose(home_lake, load_mix("union"), recipe="judged").rows.height == 3
    assert choose(home_lake, load_mix("rule_only"), recipe="judged").rows.is_empty()
    told = fetch(home_lake, "select verdict, decided_by, judge_verdict, human_verdict from traces "
                 f"where rollout_id = '{refused}'")  # fmt: skip
    assert told.rows() == [("wrong", "person", "right", "wrong")]
    capsys.readouterr()
    assert r1data("why", refused, "--json") == 0
    story = capsys.readouterr().out
    for word in ("judgement by helpful of judge", "swapped HELPFUL", "review by ada", "rejected_by_person"):
        assert word in story
