"""A run key covers what decides the weights, and nothing else."""

import pytest

from r1data.recipe import Evaluate, Sft, Student
from r1data.train.run_key import run_key, trainer_versions

STUDENT = Student(name="tiny", base="embedded:tiny")


def key(student: Student = STUDENT, rows_digest: str = "r", base_revision: str = "b") -> str:
    return run_key(student, rows_digest=rows_digest, base_revision=base_revision)


@pytest.mark.parametrize(
    "changed",
    [
        key(rows_digest="other"),
        key(base_revision="other"),
        key(STUDENT.model_copy(update={"seed": 1})),
        key(STUDENT.model_copy(update={"sft": Sft(learning_rate=1e-5)})),
    ],
    ids=["rows", "base", "seed", "settings"],
)
def test_other_rows_base_seed_or_settings_are_another_job(changed: str):
    assert changed != key()


def test_how_a_student_is_judged_and_why_it_got_its_rows_leave_the_job_the_same():
    same = STUDENT.model_copy(update={"evaluate": Evaluate(k=9), "mix": "one_per_prompt"})
    assert key(same) == key()


def test_trainer_versions_are_in_the_key():
    assert set(trainer_versions()) == {"torch", "transformers", "trl"}
