"""The system-call filter of a test process: an allow-list in classic BPF, some calls by argument.

A call of another architecture (or the x32 variant) ends the process; `clone3` fails with ENOSYS, because its
arguments cannot be looked at and the C library then falls back to `clone`; all else fails with EPERM.
"""

import ctypes
import errno
import struct

from . import kernel
from .syscalls import AUDIT, NUMBERS, SIMPLE

ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
LOAD, AND, RETURN = 0x20, 0x54, 0x06
EQUAL, AT_LEAST = 0x15, 0x35
OWN_PID = 0x7FEDCBA9
"""Stands for the number of the process in the filter; put in by `install`."""
THREAD = 0x3D0F00
"""Flags with which the C library makes a thread (VM, FS, FILES, SIGHAND, THREAD, SYSVSEM; no namespace)."""
DETACHED = 0x400000  # set by musl, ignored by the kernel
BY_ARGUMENT: dict[str, tuple[int, int, tuple[int, ...]]] = {
    "clone": (0, 0xFFFFFFFF & ~DETACHED, (THREAD,)),
    "ioctl": (
        1,
        0xFFFFFFFF,
        (0x5401, 0x5413, 0x5421, 0x541B, 0x5450, 0x5451),
    ),  # is it a terminal, blocking …
    "fcntl": (1, 0xFFFFFFFF, (0, 1, 2, 3, 4, 5, 6, 7, 1030, 1032, 1034)),  # no owner for signals, no leases
    "prctl": (0, 0xFFFFFFFF, (15, 16)),  # a thread's name
    "prlimit64": (0, 0xFFFFFFFF, (0,)),  # the own limits
    "kill": (0, 0xFFFFFFFF, (OWN_PID,)),
    "tgkill": (0, 0xFFFFFFFF, (OWN_PID,)),
}
"""Name -> (argument looked at, mask, allowed values); the kernel reads 32 bits of each of these arguments."""


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("HBBI", code, yes, no, value)


def _checked(number: int, argument: int, mask: int, values: tuple[int, ...]) -> list[bytes]:
    """Steps for a call by argument; they end the filter, so what follows is never reached by this call."""
    steps = [
        _step(LOAD, 16 + 8 * argument),
        _step(AND, mask),
    ]  # low half: both architectures are little-endian
    for value in values:
        steps += [_step(EQUAL, value, 0, 1), _step(RETURN, ALLOW)]
    steps.append(_step(RETURN, ERRNO | errno.EPERM))
    return [_step(EQUAL, number, 0, len(steps)), *steps]


def build(machine: str = kernel.MACHINE) -> bytes:
    """The filter of an architecture; one without a table raises NotImplementedError."""
    if machine not in NUMBERS:
        known = " and ".join(sorted(NUMBERS))
        raise NotImplementedError(f"no list of allowed system calls for {machine} (there are {known})")
    numbers = NUMBERS[machine]
    steps = [_step(LOAD, 4), _step(EQUAL, AUDIT[machine], 1, 0), _step(RETURN, KILL), _step(LOAD, 0)]
    if machine == "x86_64":
        steps += [_step(AT_LEAST, 0x40000000, 0, 1), _step(RETURN, KILL)]
    for name in SIMPLE:
        if name in numbers:
            steps += [_step(EQUAL, numbers[name], 0, 1), _step(RETURN, ALLOW)]
    steps += [_step(EQUAL, numbers["clone3"], 0, 1), _step(RETURN, ERRNO | errno.ENOSYS)]
    for name, (argument, mask, values) in BY_ARGUMENT.items():
        steps += _checked(numbers[name], argument, mask, values)
    return b"".join([*steps, _step(RETURN, ERRNO | errno.EPERM)])


def install(program: bytes, pid: int) -> None:
    """Put the filter on this process, numbered `pid`, for good. Needs no_new_privs, which it sets."""
    steps = program.replace(struct.pack("I", OWN_PID), struct.pack("I", pid))
    kept = ctypes.create_string_buffer(steps, len(steps))
    header = struct.pack("HxxxxxxQ", len(steps) // 8, ctypes.addressof(kept))
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.prctl(kernel.PR_SET_SECCOMP, 2, header)
