"""Calibration: who gets a vote, and what is asked again."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from r1data.errors import EngineError
from r1data.judge.agreement import agreement
from r1data.judge.calibration import calibrate, measured_rows
from r1data.judge.vote import faults as why_not
from r1data.judge.vote import votes, votes_markdown
from r1data.lake import Lake
from r1data.recipe import Judge
from tests.judge.scripted import COMPUTED, good, judge_settings, says
from tests.kept import Kept

NIGHT = "2026-01-02"
NOW = datetime(2026, 1, 3, 2, tzinfo=UTC)


def measure(lake: Lake, settings: Judge, *, at: datetime = NOW) -> int:
    return calibrate(lake, settings, night=NIGHT, now=at)


def rows(lake: Lake, table: str) -> pl.DataFrame:
    return lake.scan(table).collect()


def faults(lake: Lake, settings: Judge) -> list[str]:
    """What is amiss with the only rubric and domain."""
    found = votes(lake.scan("calibrations"), settings)
    assert found["has_vote"].to_list() == [not found["faults"].item().len()]
    return found["faults"].item().to_list()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """An empty lake, with a catalog."""
    place = tmp_path_factory.mktemp("calibrated") / "lake"
    Lake(place).rebuild_catalog()
    return Kept(place)


@pytest.fixture
def lake(kept: Kept) -> Lake:
    """An empty lake."""
    return kept.put_back()


def criteria_file(folder: Path, n: int) -> Path:
    """Answers of which every other one meets the one criterion that forbids."""
    path = folder / "criteria.jsonl"
    found = [
        {
            "question": f"Which of {i} doors?",
            "answer": ("The first one." if i % 2 else f"{i} doors again.") + f" ({i})",
            "criteria": ["It does not mention doors."],
            "verdict": [bool(i % 2)],
        }
        for i in range(n)
    ]
    path.write_text("\n".join(map(json.dumps, found)), encoding="utf-8")
    return path


def test_a_good_judge_has_a_vote_by_every_kind_of_rubric_and_is_asked_once(tmp_path: Path, lake: Lake):
    sources = [
        COMPUTED,
        {**COMPUTED, "rubric": "pairwise"},
        {
            "name": "doors",
            "path": str(criteria_file(tmp_path, 24)),
            "rubric": "open_ended",
            "domain": "general",
        },
    ]
    settings = good(judge_settings(tmp_path, *sources))
    n_rows = sum(len(found) for _, found in measured_rows(settings))
    assert measure(lake, settings) == n_rows == rows(lake, "calibration_rows").height
    found = votes(lake.scan("calibrations"), settings)
    assert found.select("rubric", "domain", "has_vote").rows() == [
        ("open_ended", "general", True),
        ("pairwise", "math", True),
        ("reference_match", "math", True),
    ]
    known = rows(lake, "calibrations")
    assert set(known["kappa"]) == {1.0} and set(known["false_positives"]) == {0.0}
    assert {one["n_won"] for row in known["canaries"] for one in row} == {0}
    assert rows(lake, "teachers")["teacher_id"].to_list() == known["judge_id"].unique().to_list()
    assert "reference_match | math | yes | 1.00 (1.00 … 1.00) | 24 | " in votes_markdown(found, known)

    versions = lake.versions(["calibration_rows", "calibrations", "teachers"])
    dead = says(settings, fail_after=0)
    assert measure(lake, dead, at=NOW + timedelta(days=1)) == 0, "the engine would have failed"
    assert lake.versions(versions) == versions


@pytest.mark.parametrize("rubric", ["reference_match", "pairwise"])
def test_a_judge_that_one_attack_fools_has_no_vote(tmp_path: Path, lake: Lake, rubric: str):
    settings = good(judge_settings(tmp_path, {**COMPUTED, "rubric": rubric}), fooled_by="Solution")
    measure(lake, settings)
    n = 4 if rubric == "pairwise" else 2
    assert faults(lake, settings) == [f"{n} of {n} attacks `Solution` won"]


def test_a_judge_that_accepts_everything_has_no_vote(tmp_path: Path, lake: Lake):
    settings = says(judge_settings(tmp_path), texts=("SAME",))
    measure(lake, settings)
    found = faults(lake, settings)
    assert found[0] == "κ is 0.00, its interval begins at 0.00; the recipe wants 0.6"
    assert found[1] == "it calls 100 % of the wrong rows right; the recipe allows 10 %"
    assert "2 of 2 attacks `Thought process:` won" in found


def test_a_judge_that_always_takes_the_first_place_decides_nothing(tmp_path: Path, lake: Lake):
    settings = says(judge_settings(tmp_path, {**COMPUTED, "rubric": "pairwise"}), texts=("A",))
    measure(lake, settings)
    row = rows(lake, "calibrations").row(0, named=True)
    assert (row["position_bias"], row["first_share"], row["n_decided"], row["kappa"]) == (1.0, 1.0, 0, None)
    assert faults(lake, settings)[0] == "it decides 0 % of the rows; the recipe wants 50 %"


def test_thresholds_are_looked_at_anew_and_nothing_is_asked_again(tmp_path: Path, lake: Lake):
    settings = good(judge_settings(tmp_path, {**COMPUTED, "n": 12}))
    measure(lake, settings)
    assert faults(lake, settings) == ["12 rows, the recipe wants 20"]
    lower = settings.model_copy(update={"min_rows": 12})
    assert faults(lake, lower) == []


def test_a_killed_run_goes_on(tmp_path: Path, lake: Lake):
    settings = judge_settings(tmp_path)
    with pytest.raises(EngineError):
        measure(lake, good(settings, fail_after=30))
    stored = rows(lake, "calibration_rows").height
    assert stored > 0 and rows(lake, "calibrations").is_empty()
    wanted = sum(len(found) for _, found in measured_rows(settings))
    assert measure(lake, good(settings)) == wanted - stored
    assert rows(lake, "calibration_rows").height == wanted
    assert faults(lake, settings) == []


def test_rows_without_a_reply_are_undecided_and_asked_again(tmp_path: Path, lake: Lake):
    settings = judge_settings(tmp_path)
    wanted = sum(len(found) for _, found in measured_rows(settings))
    measure(lake, good(settings, lose_every=4, lose_times=9))
    stored = rows(lake, "calibration_rows")
    assert stored.height < wanted and "no_reply" not in stored["reason"]
    first = rows(lake, "calibrations").row(0, named=True)
    assert first["n_decided"] < first["n_rows"] == 24
    assert measure(lake, good(settings), at=NOW + timedelta(hours=1)) == wanted - stored.height
    assert faults(lake, settings) == []
    assert rows(lake, "calibrations").height == 2


def test_a_judge_has_no_vote_while_an_attack_has_no_reply(tmp_path: Path, lake: Lake):
    settings = good(judge_settings(tmp_path))
    measure(lake, settings)
    assert faults(lake, settings) == []
    ((rubric, asked),) = measured_rows(settings)
    said = {row["row_id"]: row for row in rows(lake, "calibration_rows").iter_rows(named=True)}
    unseen = next(row.row_id for row in asked if row.attack == "Solution")
    del said[unseen]
    (found,) = agreement(rubric, asked, said)
    assert why_not(found, settings) == ["attacks `Solution` did not all get a reply; calibrate again"]


def test_easier_rows_of_another_recipe_give_no_vote(tmp_path: Path, lake: Lake):
    hard = good(judge_settings(tmp_path, {**COMPUTED, "n": 24}, min_rows=24))
    easy = good(judge_settings(tmp_path, {**COMPUTED, "n": 26}, min_rows=24))
    measure(lake, easy)
    assert faults(lake, easy) == []
    assert faults(lake, hard) == ["it was never calibrated"]
    measure(lake, hard, at=NOW + timedelta(hours=1))
    before = lake.version("calibrations")
    for day, settings in enumerate([easy, hard] * 2, 1):
        assert faults(lake, settings) == []
        assert measure(lake, settings, at=NOW + timedelta(days=day)) == 0
    assert lake.version("calibrations") == before, "two recipes do not publish in turns"
    assert faults(lake, hard.model_copy(update={"calibration": ()})) == ["it was never calibrated"]


def test_corrected_labels_are_summed_up_anew_and_may_come_back(tmp_path: Path, lake: Lake):
    path = tmp_path / "rows.jsonl"
    source = {"name": "mine", "path": str(path)}

    def write(n_right: int) -> None:
        found = [
            {"question": f"{i} + 0?", "answer": f"It is {i}.", "reference": str(i), "verdict": i < n_right}
            for i in range(20)
        ]
        path.write_text("\n".join(map(json.dumps, found)), encoding="utf-8")

    write(10)
    settings = good(judge_settings(tmp_path, source))
    measure(lake, settings)
    assert faults(lake, settings) == []
    write(15)
    assert measure(lake, settings, at=NOW + timedelta(hours=1)) == 0
    assert faults(lake, settings)[-1] == "it calls 33 % of the right rows wrong; the recipe allows 30 %"
    write(10)
    measure(lake, settings, at=NOW + timedelta(hours=2))
    assert faults(lake, settings) == []
    assert rows(lake, "calibrations")["calibration_id"].n_unique() == 3


def test_without_a_calibration_a_judge_has_no_vote(tmp_path: Path, lake: Lake):
    nothing = lake.scan("calibrations")
    assert votes(nothing, None).is_empty()
    settings = judge_settings(tmp_path)
    assert faults(lake, settings) == ["it was never calibrated"]
    elsewhere = good(judge_settings(tmp_path, rubrics={"general": ["reference_match"]}))
    measure(lake, elsewhere)
    found = votes(lake.scan("calibrations"), elsewhere)
    assert found.filter(domain="general")["faults"].to_list() == [["it was calibrated on other domains only"]]


@pytest.mark.parametrize(
    ("changed", "says_so"),
    [
        ({}, []),
        (
            {"kappa": 0.7, "kappa_low": -0.1},
            ["κ is 0.70, its interval begins at -0.10; the recipe wants 0.6"],
        ),
        ({"false_negatives": 0.31}, ["it calls 31 % of the right rows wrong; the recipe allows 30 %"]),
        (
            {"position_bias": 0.5},
            ["it changes its mind on 50 % of the rows when swapped; the recipe allows 20 %"],
        ),
        ({"position_bias": None, "false_positives": None}, []),
        ({"canaries": []}, ["no attack could be tried on its rows; add rows that are wrong"]),
    ],
)
def test_every_threshold_has_its_words(changed: dict[str, object], says_so: list[str]):
    fine = {"n_rows": 40, "n_decided": 40, "kappa": 0.9, "kappa_low": 0.8, "false_positives": 0.0}
    fine |= {"false_negatives": 0.0, "position_bias": 0.0}
    fine |= {"canaries": [{"attack": "Solution", "n_rows": 8, "n_won": 0}]}
    assert why_not(fine | changed, Judge.model_validate({"generate": {}})) == says_so
