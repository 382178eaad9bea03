"""What kind of failure an error of a trainer is; PyTorch has words of its own for a full disk."""

import errno
from collections.abc import Iterator

import torch

from r1data.errors import GateError, R1DataError
from r1data.train.job import Failure

NO_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory")
NO_DISK = (
    "no space left on device",
    "os error 28",
    "disk quota exceeded",
    "inline_container",
    "iostream error",
)
"""What libraries say of a full disk in place of ENOSPC; the last two are PyTorch's."""


class Stopped(Exception):
    """The job was ended on purpose: NaN, or an alarm."""


def classified(error: BaseException) -> Failure:
    """What kind of failure an error is, with a message of one line."""
    text = " ".join((str(error).strip() or type(error).__name__).split())
    if isinstance(error, GateError):
        return Failure("gate", text)
    if isinstance(error, Stopped):
        return Failure("stopped", text)
    chain = list(_chain(error))
    told = " ".join(str(one) for one in chain).lower()
    if any(_is_memory(one) for one in chain) or any(word in told for word in NO_MEMORY):
        return Failure("memory", text)
    full = any(isinstance(one, OSError) and one.errno in (errno.ENOSPC, errno.EDQUOT) for one in chain)
    if full or any(word in told for word in NO_DISK):
        return Failure("disk", text)
    return Failure("error", text if isinstance(error, R1DataError) else f"{type(error).__name__}: {text}")


def _is_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError | torch.OutOfMemoryError)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__
