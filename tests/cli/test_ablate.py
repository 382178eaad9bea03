"""What can be said of an ablation before anything is trained, and how its table reads."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from r1data.cli.ablate import _for_people, its_recipe, standings
from r1data.cli.query import text_of
from r1data.evaluate.attempts import protocol
from r1data.lake import Lake
from r1data.recipe import Student, load
from tests.sql.conftest import ablation, catalog, publish, rows

Run = Callable[..., int]


@pytest.fixture
def students(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "recipes" / "students"
    folder.mkdir(parents=True)
    monkeypatch.setattr(load, "PROJECT", tmp_path)
    return folder


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", "Student mine has no ablation"),
        ('trainer = "reward_model"\n[ablation]\nmixes = ["r1", "strict"]', "Student mine is a reward model"),
    ],
)
def test_what_cannot_be_ablated_is_one_line_and_status_2(
    more: str, said: str, r1data: Run, students: Path, capsys: pytest.CaptureFixture[str]
):
    (students / "mine.toml").write_text(f'name = "mine"\nbase = "scratch:chars"\n{more}')
    assert r1data("ablate", "mine") == 2
    assert said in capsys.readouterr().err


def test_a_result_of_a_student_that_was_never_trained_says_how_to_train_it(
    r1data: Run, home: Path, capsys: pytest.CaptureFixture[str]
):
    assert r1data("result", "smollm2") == 2
    assert "r1data train smollm2" in capsys.readouterr().err


@pytest.mark.parametrize(("recipe", "file"), [("toy", "toy.toml"), ("gone", None)])
def test_a_result_goes_by_the_recipe_that_the_student_read(tmp_path: Path, recipe: str, file: str | None):
    lake = Lake(str(tmp_path / "lake"))
    told = {"student": "tiny", "recipe": recipe, "trained_at": datetime(2026, 1, 1, tzinfo=UTC)}
    lake.append("students", rows("students", [told]), run="r")
    found = its_recipe(lake, "tiny")
    assert (found and found.name) == file
    assert its_recipe(lake, "another") is None


def test_people_read_intervals_beside_their_numbers():
    with catalog(ablation({"strict": [0.8, 0.9, 0.9], "r1": [0.3, 0.4, 0.4]})) as connection:
        best, other = _for_people(connection.sql(text_of("which_mix_wins")).pl()).to_dicts()
    assert best["pass@1"] == "86.7 % (72.3 … 100.0)" and best["to the best"] is None
    assert other["to the best"].startswith("-50.0 points (-") and other["verdict"] == "behind"


def test_standings_are_those_of_the_mixes_seeds_and_protocol_that_the_recipe_has_now(tmp_path: Path):
    its_own = {"ablation": {"mixes": ["strict", "r1"]}, "evaluate": {"k": 1}}
    student = Student.model_validate({"name": "tiny", "base": "scratch:chars", **its_own})
    shorter = student.evaluate.model_copy(update={"max_tokens": 1})
    tables = ablation({"strict": [0.8, 0.9, 0.9, 0.1], "r1": [0.3, 0.4, 0.4], "removed": [1, 1, 1]})
    for row in tables["students"]:
        row["n_rows"] += row["mix_name"] == "removed" or row["seed"] == 3  # of a larger corpus
    asked = [row | {"protocol": protocol(student.evaluate)} for row in tables["evaluations"]]
    of_strict = [row for row in asked if "strict" in row["student"]]
    more = [row | {"index": 1} for row in of_strict]  # asked when k was 2
    other = protocol(shorter)
    before = [row | {"student_id": f"before {row['student']}", "protocol": other} for row in asked]
    elsewhere = [row | {"benchmark": "another"} for row in asked]
    lake = Lake(tmp_path / "lake")
    publish(lake, tables | {"evaluations": asked + more + before + elsewhere})
    found = standings(lake, student)
    assert found.select("mix_name", "n_seeds", "n_rows", "verdict", "benchmark", "protocol").rows() == [
        ("strict", 3, 9, "wins", "heldout", protocol(student.evaluate)),
        ("r1", 3, 9, "behind", "heldout", protocol(student.evaluate)),
    ]
