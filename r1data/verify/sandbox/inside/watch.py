"""Following one test process to its end: what it wrote, what it used, and why it ended."""

import contextlib
import os
import select
import signal
import time
from typing import Any

from . import driver, namespaces

MAX_REPORT_BYTES = 8 << 20
"""A report is at most this long; a longer value is refused."""
LOOK_S = 0.05
"""How often files are counted where the file system of the work folder has no limit of its own."""


def outcome(follower: "Follower", nonce: bytes, proc: int | None) -> tuple[dict[str, Any], bytes, bytes]:
    """Follow a test to its end, kill what is left of it, and say how it ended.

    Returns:
        The outcome without its value, what was written to standard output, and the report as it came: the
        status `reported` says that it is to be believed, `broken` that no foreign code had run yet.
    """
    try:
        told = follower.follow() or {}
        if told.get("status") == "wall_limit" and follower.wanted_to_run(proc):
            told["status"] = "starved"
    finally:
        status, usage = follower.end()
    cpu_s = usage.ru_utime + usage.ru_stime
    written, report = follower.written()
    marked, report = report[:1], report[1:]
    if told:
        report = b""
    elif marked != driver.LOCKED_IN:
        told, report = {"status": "broken", "detail": (marked + report).decode(errors="replace")}, b""
    elif cpu_s >= follower.allowed["cpu_s"] or _out_of_time(status):
        told, report = {"status": "cpu_limit"}, b""
    elif report[: len(nonce)] == nonce:
        told, report = {"status": "reported"}, report[len(nonce) :]
    elif os.WIFSIGNALED(status):
        told, report = {"status": "killed", "detail": signal.Signals(os.WTERMSIG(status)).name}, b""
    else:
        ended = f"exit status {os.WEXITSTATUS(status)} before the end"
        told, report = {"status": "exited", "detail": ended}, b""
    return {"detail": "", "cpu_s": cpu_s, **told}, written, report


def _out_of_time(status: int) -> bool:
    """Whether the kernel ended the process for its CPU time."""
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGPROF)


class Follower:
    """Reads the two pipes of a test process until it ends or passes a limit."""

    def __init__(self, pid: int, stdout: int, result: int, allowed: dict, counted: str | None) -> None:
        """Follow process `pid`; `counted` is a work folder whose files are counted here."""
        self.pid, self.stdout, self.result = pid, stdout, result
        self.allowed, self.counted = allowed, counted
        self.pidfd = os.pidfd_open(pid)
        self.taken = {stdout: bytearray(), result: bytearray()}
        self.poll = select.poll()
        self.poll.register(self.pidfd, select.POLLIN)
        for pipe in self.taken:
            os.set_blocking(pipe, False)
            self.poll.register(pipe, select.POLLIN)

    def follow(self) -> dict[str, Any] | None:
        """Until the process ends; returns what it is to be told if it passed a limit, else None."""
        until = time.monotonic() + self.allowed["wall_s"]
        while (left := until - time.monotonic()) > 0:
            patience = left if self.counted is None else min(left, LOOK_S)
            for descriptor, _ in self.poll.poll(1000 * patience):
                pipes = [*self.taken] if descriptor == self.pidfd else [descriptor]
                for pipe in pipes:
                    if passed := self._take(pipe):
                        return passed
                if descriptor == self.pidfd:
                    return self._crowded()  # it may have ended between two looks
            if passed := self._crowded():
                return passed
        return {"status": "wall_limit"}

    def _crowded(self) -> dict[str, Any] | None:
        """Whether there are too many files, where nothing but a count says so."""
        if self.counted is None or namespaces.n_files(self.counted) <= self.allowed["n_files"]:
            return None
        return {"status": "killed", "detail": "made too many files"}

    def _take(self, pipe: int) -> dict[str, Any] | None:
        """Read what is there."""
        taken = self.taken[pipe]
        cap = self.allowed["output_bytes"] if pipe == self.stdout else MAX_REPORT_BYTES
        while len(taken) <= cap:
            try:
                part = os.read(pipe, 1 << 16)
            except BlockingIOError:
                return None
            if not part:
                with contextlib.suppress(KeyError):
                    self.poll.unregister(pipe)
                return None
            taken += part
        if pipe == self.stdout:
            return {"status": "output_limit"}
        return {"status": "not_plain", "detail": "the value is too large"}

    def written(self) -> tuple[bytes, bytes]:
        """Standard output, cut, and the report."""
        return bytes(self.taken[self.stdout][: self.allowed["output_bytes"]]), bytes(self.taken[self.result])

    def wanted_to_run(self, proc: int | None) -> bool:
        """Whether the living process would have used up its CPU time on a machine that had time for it."""
        used_s = 0.0
        with contextlib.suppress(OSError):  # the clock of a process, as clock_getcpuclockid numbers it
            used_s = time.clock_gettime((~self.pid << 3) | 2)
        shown = None if proc is None else namespaces.shown_pid(proc, self.pidfd)
        waited_s = None if shown is None else namespaces.waited_s(proc, shown)
        if waited_s is None:
            return used_s >= self.allowed["cpu_s"] / 4
        return used_s + waited_s >= min(self.allowed["cpu_s"], self.allowed["wall_s"] / 2)

    def end(self) -> tuple[int, Any]:
        """Kill the process and its group, and collect it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        _, status, usage = os.wait4(self.pid, 0)
        for descriptor in (self.pidfd, *self.taken):
            os.close(descriptor)
        return status, usage
