"""`r1data loop` walks its stages in order, each by its own recipe, and makes nothing twice."""

import shutil
from pathlib import Path

import pytest

from r1data import paths
from r1data.lake import Lake
from r1data.recipe import load, load_loop, loop
from tests.conftest import FAKE, Run

LOOP = """
name = "two"
[[stages]]
what = "a night"
recipe = "first"
[[stages]]
what = "another recipe's"
recipe = "second"
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project's recipes, with a loop of two scripted nights."""
    project = tmp_path / "project"
    shutil.copytree(paths.PROJECT / "recipes", project / "recipes")
    for module in (load, loop):
        monkeypatch.setattr(module, "PROJECT", project)
    fake = FAKE.read_text(encoding="utf-8")
    for name in ("first", "second"):
        (project / "recipes" / f"{name}.toml").write_text(fake.replace('"fake"', f'"{name}"', 1))
    (project / "recipes" / "loops" / "two.toml").write_text(LOOP)
    return project


def test_every_stage_has_its_own_recipe_and_a_second_walk_makes_nothing(
    r1data: Run, home: Path, capsys: pytest.CaptureFixture[str]
):
    assert r1data("loop", "two", "--night", "2026-01-02", "--json") == 0
    assert capsys.readouterr().out == "", "it has no students"
    made = Lake().scan("corpus").collect()
    assert set(made["recipe"]) == {"first", "second"}
    versions = Lake().versions(["rollouts", "corpus"])
    assert r1data("loop", "two", "--night", "2026-01-02") == 0
    assert Lake().versions(["rollouts", "corpus"]) == versions


def test_a_stage_without_a_recipe_is_told_before_anything_runs(
    r1data: Run, home: Path, project: Path, capsys: pytest.CaptureFixture[str]
):
    (project / "recipes" / "second.toml").unlink()
    assert r1data("loop", "two", "--night", "2026-01-02") == 2
    assert "there is no recipe second in recipes/" in capsys.readouterr().err
    assert not (home / "lake").exists()


@pytest.mark.parametrize("path", sorted((paths.PROJECT / "recipes" / "loops").glob("*.toml")))
def test_the_students_of_every_loop_come_after_what_they_start_from(path: Path):
    walked: set[str] = set()
    for stage in load_loop(path.stem).stages:
        if stage.student is None:
            teacher = load.load_teacher(load.load_recipe(stage.file).generate.teacher).model
            needed = [teacher.removeprefix("student:")] if teacher.startswith("student:") else []
        else:
            student = load.load_student(stage.student)
            needed = [student.base.removeprefix("student:")] if student.base.startswith("student:") else []
            preference = student.rewards.preference if student.trainer == "grpo" else None
            needed += [preference.student] if preference else []
            walked.add(student.name)
        assert set(needed) <= walked
