"""A process that owns another one and everything it starts, and ends all of it when its own parent is gone.

`python -m r1data.generate.supervisor LIFELINE FD,FD COMMAND …`, started by `Supervised`:

    parent ── lifeline (a pipe) ──> supervisor (own session) ──> child (own process group) ──> its processes

When the parent closes the lifeline or dies, even by SIGKILL, or when the child ends, the supervisor sends
SIGTERM to what is left, SIGKILL after `GRACE_S`, reaps it, and ends with the child's status.
What this does not protect against: SIGKILL of the supervisor itself.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

import psutil

from r1data.generate.supervised import GRACE_S, KILL_S

_TICK_S = 0.2
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def supervise(lifeline: int, fds: Sequence[int], argv: Sequence[str]) -> int:
    """Run `argv` until it ends, the lifeline closes, the parent dies or SIGTERM comes; returns its status."""
    _adopt_orphans()
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: asked.append(number))
    parent = os.getppid()
    child = subprocess.Popen(argv, pass_fds=fds, process_group=0)
    for fd in fds:
        os.close(fd)  # else the parent would not see the child close its end
    # The parent's own pid counts too: a process that the parent forked may hold the lifeline open.
    while child.poll() is None and not asked and os.getppid() == parent:
        if select.select([lifeline], [], [], _TICK_S)[0]:
            break
    return _end(child)


def _end(child: subprocess.Popen[bytes]) -> int:
    for number, patience_s in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, KILL_S)):
        deadline = time.monotonic() + patience_s
        _signal_all(child.pid, number)
        while _reap(child) and time.monotonic() < deadline:
            time.sleep(0.05)
            if number == signal.SIGKILL:
                _signal_all(child.pid, number)  # what was being forked meanwhile
    return child.returncode if child.returncode is not None else -signal.SIGKILL


def _signal_all(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # nobody is left; macOS says EPERM of zombies
        os.killpg(group, number)
    for process in psutil.Process().children(recursive=True):  # what left the group
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _reap(child: subprocess.Popen[bytes]) -> bool:
    """Collect the dead; whether anybody is left."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        if pid == child.pid:
            child.returncode = os.waitstatus_to_exitcode(status)


def _adopt_orphans() -> None:
    """Make this process the parent of orphaned descendants (Linux, prctl(2)), to see and reap them."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


if __name__ == "__main__":
    inherited = [int(fd) for fd in sys.argv[2].split(",") if fd]
    code = supervise(int(sys.argv[1]), inherited, sys.argv[3:])
    sys.exit(code if code >= 0 else 128 - code)
