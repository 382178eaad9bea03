"""An error of a trainer is told apart by what it is, however deep it lies."""

import errno

import pytest
import torch

from r1data.errors import GateError, InputError
from r1data.train.failing import Stopped, classified
from r1data.train.job import Failure


def caused(cause: BaseException) -> Exception:
    try:
        raise RuntimeError("saving failed") from cause
    except RuntimeError as error:
        return error


def raised(make: object) -> Exception:
    try:
        make()  # type: ignore[operator]
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (GateError("no"), "gate"),
        (Stopped("no"), "stopped"),
        (MemoryError(), "memory"),
        (torch.OutOfMemoryError("CUDA"), "memory"),
        (caused(OSError(errno.ENOSPC, "full")), "disk"),
        (caused(OSError(errno.EACCES, "denied")), "error"),
        (ValueError("no"), "error"),
    ],
)
def test_errors_have_a_kind(error: Exception, kind: str):
    assert classified(error).kind == kind


def test_a_tensor_that_no_memory_holds_is_a_failure_of_memory():
    assert classified(raised(lambda: torch.empty(2**50))).kind == "memory"


def test_a_file_that_no_disk_holds_is_a_failure_of_the_disk():
    assert classified(raised(lambda: torch.save(torch.zeros(10_000), "/dev/full"))).kind == "disk"


def test_the_message_is_one_line_and_names_errors_that_are_not_ours():
    assert classified(ValueError("a\n  b")) == Failure("error", "ValueError: a b")
    assert classified(InputError("a\nb")) == Failure("error", "a b")
    assert classified(MemoryError()).message == "MemoryError"
