"""A student with an ablation stands for one student of each mix and seed."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from r1data.errors import ConfigError
from r1data.recipe import Ablation, AblationStudent, Student, derived, load, load_student, student_names

TEXT = """
name = "mine"
base = "embedded:smollm2-135m-instruct"
mix = "r1"
[ablation]
mixes = ["strict", "unfiltered"]
seeds = [3, 5, 8]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's recipes, as far as these tests read them."""
    students = tmp_path / "recipes" / "students"
    students.mkdir(parents=True)
    (students / "mine.toml").write_text(TEXT)
    monkeypatch.setattr(load, "PROJECT", tmp_path)
    return students


def test_a_name_of_mix_and_seed_gives_the_student_with_both_replaced(folder: Path):
    one = load_student("mine-strict-s5")
    assert isinstance(one, AblationStudent)
    assert (one.name, one.mix, one.seed, one.of) == ("mine-strict-s5", "strict", 5, "mine")
    parent = load_student("mine")
    assert one.evaluate == parent.evaluate and one.sft == parent.sft and parent.mix == "r1"


def test_students_of_ablations_are_listed_and_a_broken_file_hides_none_but_its_own(folder: Path):
    (folder / "broken.toml").write_text("name = ")
    found = student_names()
    assert len(found) == 1 + 1 + 2 * 3
    assert {"broken", "mine", "mine-strict-s3", "mine-unfiltered-s8"} <= set(found)


@pytest.mark.parametrize("name", ["mine-strict-s4", "mine-r1-s3", "mine-strict", "other-strict-s3"])
def test_a_mix_or_seed_that_is_not_in_the_ablation_is_no_student(folder: Path, name: str):
    with pytest.raises(ConfigError, match=f"no `{name}`"):
        load_student(name)


def test_without_an_ablation_there_are_no_others():
    assert derived(Student(name="one", base="m")) == {}


def test_fewer_than_three_seeds_or_two_mixes_are_refused():
    for given in ({"mixes": ("a", "b"), "seeds": (0, 1)}, {"mixes": ("a",)}):
        with pytest.raises(ValidationError):
            Ablation(**given)
