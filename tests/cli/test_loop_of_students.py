"""`r1data loop` trains students that start from each other, has vllm ask them, and trains none twice."""

import json
import shutil
from pathlib import Path

import pytest

from r1data import paths
from r1data.lake import Lake
from r1data.recipe import load, loop
from tests.conftest import Run

pytestmark = pytest.mark.slow

LOOP = """
name = "small"
[[stages]]
what = "sums"
recipe = "toy"
[[stages]]
what = "cold start"
recipe = "toy"
student = "loop-cold"
[[stages]]
what = "reinforcement"
recipe = "toy"
student = "loop-rl1"
"""
SMALLER = {
    "toy.toml": ("n_per_family = 1600 → 60", "n_per_family = 200 → 8", "min_accepted = 300 → 20"),
    "students/loop-cold.toml": ("sums = 1000 → 40", "epochs = 6 → 4", "k = 2 → 1"),
    "students/loop-rl1.toml": (
        *("steps = 60 → 2", "completions = 8 → 4", "prompts_per_step = 8 → 2", "max_tokens = 110 → 40"),
        "k = 2 → 1",
    ),
}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The project's recipes, the toy loop's made smaller."""
    recipes = tmp_path / "project" / "recipes"
    shutil.copytree(paths.PROJECT / "recipes", recipes)
    for module in (load, loop):
        monkeypatch.setattr(module, "PROJECT", recipes.parent)
    for name, changes in SMALLER.items():
        told = (recipes / name).read_text(encoding="utf-8")
        for change in changes:
            before, after = change.split(" → ")
            assert before in told
            told = told.replace(before, f"{before.split(' = ')[0]} = {after}")
        (recipes / name).write_text(told, encoding="utf-8")
    (recipes / "loops" / "small.toml").write_text(LOOP)


def test_students_are_trained_from_each_other_asked_and_not_trained_twice(
    r1data: Run, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert r1data("loop", "small", "--json") == 0
    cold, reinforced = map(json.loads, capsys.readouterr().out.splitlines())
    assert (cold["stage"], cold["student"], cold["trainer"]) == (2, "loop-cold", "sft")
    assert (reinforced["stage"], reinforced["student"], reinforced["steps"]) == (3, "loop-rl1", 2)
    assert cold["pass_at_1"].endswith(")") and reinforced["pairs_right"] is None
    students = Lake().scan("students").sort("trained_at").collect()
    assert students["base"].to_list() == ["scratch:chars", "student:loop-cold"]
    assert students["base_revision"][1] == students["revision"][0]
    versions = Lake().versions(["students", "evaluations", "rollouts"])
    assert r1data("loop", "small") == 0
    assert Lake().versions(["students", "evaluations", "rollouts"]) == versions
