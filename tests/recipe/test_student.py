"""What a student's recipe may say of processes."""

from typing import Any

import pytest
from pydantic import ValidationError

from r1data.recipe import Student


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"launch": {"processes": 2}}, "launcher local is one process, and .launch. says 2"),
        (
            {"launcher": "torchrun", "launch": {"processes": 3}},
            r"of .sft. reads 8 rows of the mix, no multiple of the 3 processes",
        ),
        (
            {"launcher": "slurm", "trainer": "grpo", "launch": {"processes": 8, "machines": 3}},
            r"of .grpo. reads 8 rows of the mix, no multiple of the 24 processes",
        ),
    ],
)
def test_processes_that_cannot_share_a_step_out_are_refused(asked: dict[str, Any], told: str):
    with pytest.raises(ValidationError, match=told):
        Student(name="one", base="m", **asked)


def test_adapters_are_not_shared_out():
    launch = {"processes": 2, "parallel": "zero3"}
    with pytest.raises(ValidationError, match=r"needs parallel = .ddp."):
        Student(name="one", base="m", launcher="torchrun", launch=launch, lora={})


def test_processes_that_divide_a_step_are_taken():
    for launcher, machines in ("torchrun", 1), ("slurm", 2), ("ray", 2):
        launch = {"processes": 4, "machines": machines}
        assert Student(name="one", base="m", launcher=launcher, launch=launch).sft.batch_size == 8
