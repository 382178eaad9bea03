"""A run key covers what decides the weights, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from r1data.recipe import Evaluate, Grpo, Launch, Rewards, Sft, Student
from r1data.recipe.training import Alarms, Verl
from r1data.train.run_key import run_key, trainer_versions
from r1data.verify import VERIFIERS

STUDENT = Student(name="tiny", base="embedded:tiny")


REINFORCED = Student(name="tiny", base="embedded:tiny", trainer="grpo")


def key(student: Student = STUDENT, rows_digest: str = "r", base_revision: str = "b", **more: Any) -> str:
    return run_key(student, rows_digest=rows_digest, base_revision=base_revision, **more)


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


def test_what_stops_a_job_or_spares_memory_leaves_it_the_same_so_that_it_goes_on():
    same = STUDENT.model_copy(update={"sft": Sft(gradient_checkpointing=True)})
    assert key(same) == key()
    grpo = Grpo(gradient_checkpointing=True, alarms=Alarms(clipped=0.9))
    same = REINFORCED.model_copy(update={"grpo": grpo, "rewards": Rewards(soft_tokens=7)})
    assert key(same) == key(REINFORCED)
    soft = [
        REINFORCED.model_copy(update={"rewards": Rewards(overlong="soft", soft_tokens=n)}) for n in (7, 8)
    ]
    assert key(soft[0]) != key(soft[1])


def test_verifiers_that_are_mended_and_options_of_verl_are_another_job(monkeypatch: pytest.MonkeyPatch):
    before = key(REINFORCED, verifiers=["math", "format"])
    mended = replace(VERIFIERS["math"], version="mended")
    monkeypatch.setitem(VERIFIERS, "math", mended)
    assert key(REINFORCED, verifiers=["format", "math"]) != before
    verl = [
        REINFORCED.model_copy(update={"launcher": "verl", "launch": Launch(verl=Verl(overrides=given))})
        for given in ((), ("optim.lr=1e-3",))
    ]
    assert key(verl[0]) != key(verl[1])


def test_trainer_versions_are_in_the_key():
    assert set(trainer_versions()) == {"torch", "transformers", "trl"}
