"""Students of an ablation read equally many rows, whatever their mix."""

from pathlib import Path

import orjson
import pytest

from r1data.errors import ConfigError
from r1data.lake import Lake
from r1data.recipe import Ablation, Recipe, Student, derived, load_recipe
from r1data.train.equal_rows import drawn, export_for
from r1data.train.exports import Export
from tests.conftest import FAKE
from tests.sql.conftest import RECIPE

MIXES = ("unfiltered", "one_per_prompt")
"""Four rows and two, in the lake of five rollouts."""


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """One that exports whatever there is."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    rules = load_recipe(FAKE).export.model_copy(update={"keep_pii": True, "licences": ("*", "not stated")})
    return load_recipe(FAKE).model_copy(update={"name": RECIPE, "export": rules})


def ablated(**ablation: object) -> dict[str, Student]:
    asked = Ablation(**{"mixes": MIXES, "seeds": (0, 1, 2)} | ablation)
    return dict(derived(Student(name="one", base="m", mix_parameters={"keep": 1}, ablation=asked)))


def exported(lake: Lake, student: Student, recipe: Recipe) -> list[str]:
    made = export_for(lake, student, form="trl", recipe=recipe, fit=False)
    return ids_of(made)


def ids_of(export: Export) -> list[str]:
    return [orjson.loads(line)["rollout_id"] for line in export.rows.read_bytes().splitlines()]


def test_a_larger_mix_is_cut_to_the_smallest_by_the_seed(stored: Lake, recipe: Recipe):
    students = ablated()
    assert exported(stored, students["one-one_per_prompt-s0"], recipe) == ["a", "e"]
    rows = [exported(stored, students[f"one-unfiltered-s{seed}"], recipe) for seed in range(3)]
    assert {len(ids) for ids in rows} == {2}
    assert len(set(map(tuple, rows))) > 1
    assert rows == [sorted(ids) for ids in rows], "rows keep their order"
    assert exported(stored, students["one-unfiltered-s1"], recipe) == rows[1]


def test_a_number_of_rows_that_a_mix_does_not_have_is_an_error(stored: Lake, recipe: Recipe):
    students = ablated(n_rows=3)
    assert len(exported(stored, students["one-unfiltered-s0"], recipe)) == 3
    with pytest.raises(
        ConfigError, match=r"Mix one_per_prompt gives 2 rows, and n_rows .* of student one is 3"
    ):
        exported(stored, students["one-one_per_prompt-s0"], recipe)


def test_a_student_that_is_no_part_of_an_ablation_reads_its_whole_mix(stored: Lake, recipe: Recipe):
    assert len(exported(stored, Student(name="one", base="m", mix="unfiltered"), recipe)) == 4


def test_copies_of_a_row_are_drawn_one_by_one(stored: Lake, recipe: Recipe):
    twice = Student(name="one", base="m", mix="unfiltered", mix_parameters={"weights": {"templates": 2}})
    whole = export_for(stored, twice, form="trl", recipe=recipe, fit=False)
    assert whole.n_rows == 8
    taken = drawn(whole, 5, seed=0)
    assert taken.total() == 5 and max(taken.values()) <= 2
    cut = ablated(n_rows=5, mixes=("unfiltered", "union"))["one-unfiltered-s0"]
    cut = cut.model_copy(update={"mix_parameters": {"weights": {"templates": 2}}})
    assert sorted(exported(stored, cut, recipe)) == sorted(taken.elements())
