"""Resource limits of a test process; what of them counts in whole seconds is doubled by a finer timer."""

import math
import resource
import signal

STACK_BYTES, STACK_MAX_BYTES = 64 << 20, 256 << 20
"""Stack of the main thread: what it starts with, and how far a program may raise it."""
N_DESCRIPTORS = 64


def lower(kind: int, soft: float, hard: float | None = None) -> None:
    """Set a limit, never above the hard one that is in force."""
    _, allowed = resource.getrlimit(kind)
    top = math.inf if allowed == resource.RLIM_INFINITY else allowed
    values = [min(value, top) for value in (soft, soft if hard is None else hard)]
    resource.setrlimit(kind, tuple(resource.RLIM_INFINITY if v == math.inf else int(v) for v in values))


def apply(limits: dict, own_bytes: int, n_processes: int | None) -> None:
    """Limit this process to `limits`.

    Args:
        limits: fields of `Limits`.
        own_bytes: address space that the interpreter has before any program; it comes on top of memory_bytes.
        n_processes: processes and threads that the user may have, this one among them; None sets no limit.
    """
    lower(resource.RLIMIT_AS, own_bytes + limits["memory_bytes"])
    lower(resource.RLIMIT_FSIZE, limits["files_bytes"])
    lower(resource.RLIMIT_NOFILE, N_DESCRIPTORS)
    lower(resource.RLIMIT_CORE, 0)
    lower(resource.RLIMIT_STACK, STACK_BYTES, STACK_MAX_BYTES)
    if n_processes is not None:
        lower(resource.RLIMIT_NPROC, n_processes)
    signal.setitimer(signal.ITIMER_PROF, limits["cpu_s"])
    lower(resource.RLIMIT_CPU, math.ceil(limits["cpu_s"]), math.ceil(limits["cpu_s"]) + 1)


def apply_to_compiler(limits: dict, own_bytes: int) -> None:
    """Limit the compilation of a program; `lift` ends it."""
    hard = resource.RLIM_INFINITY
    for kind, soft in (
        (resource.RLIMIT_AS, own_bytes + limits["memory_bytes"]),
        (resource.RLIMIT_CPU, math.ceil(limits["cpu_s"])),
    ):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def lift() -> None:
    """Take the compiler's limits back, so that serving many tests does not use them up."""
    for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (hard, hard))
