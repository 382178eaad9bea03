"""Verdicts of many tasks, in order: at once where that is safe, else in worker processes that can be killed.

Each worker is one Python process behind a socket pair. Before a task it arms a timer of CPU time whose signal
ends the process, even inside C code, so the deadline holds in the same place however busy the machine is, and
a worker whose parent was killed does not run on. A worker exits when its pipe closes, and after a task that
left it with too much memory.

What this does not protect against: a verifier that reads or writes files; this is no sandbox.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from time import monotonic
from typing import Any, Self

from r1data.paths import PROJECT
from r1data.process import cores
from r1data.verify import VERIFIERS, Deferred, at_once
from r1data.verify.verdict import Verdict, unknown

LOOKAHEAD = 64
"""Verdicts per worker that may wait for an earlier, slower one."""
WALL_FACTOR, WALL_EXTRA_S = 20, 60.0
"""A task without CPU time is given up after `timeout_s` times the first plus the second, in wall time."""
TIMEOUT_S = 5.0
"""Seconds of CPU time that a verdict may take, unless a recipe says otherwise."""


@dataclass(frozen=True)
class Task:
    """One completion to judge."""

    verifier: str
    """A key of `r1data.verify.VERIFIERS`."""
    completion: str
    reference: str | None
    args: dict[str, Any] = field(default_factory=dict)


class Worker:
    """One process and the deferred verdict that it works on."""

    def __init__(self, timeout_s: float, sandbox: str = "auto") -> None:
        """Start the process; it serves until its pipe closes. `sandbox` is the back-end for programs."""
        ours, theirs = socket.socketpair()
        arguments = [str(theirs.fileno()), str(timeout_s), sandbox]
        paths = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "r1data.verify.worker", *arguments],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "POLARS_MAX_THREADS": "1"},
            )
        self.pipe = Connection(ours.detach())
        self.index = -1
        self.verifier = ""
        self.give_up_at = 0.0
        self.asked = self.late = self.retired = False
        self.wall_s = timeout_s * WALL_FACTOR + WALL_EXTRA_S

    def submit(self, verifier: str, deferred: Deferred, index: int = 0) -> None:
        """Send what was deferred; the worker must be idle. One that died meanwhile is noticed by `take`."""
        self.index, self.verifier = index, verifier
        self.give_up_at = monotonic() + self.wall_s + deferred.wall_s
        self.asked = True
        try:
            self.pipe.send_bytes(json.dumps([verifier, deferred.args]).encode())
        except OSError:
            self.process.kill()

    def take(self) -> Verdict:
        """The verdict, once the pipe is readable; the end of the process is a verdict too."""
        try:
            verdict, self.retired = json.loads(self.pipe.recv_bytes())
            self.asked = False
            return Verdict(**verdict)
        except (EOFError, OSError):
            timed_out = self.process.wait() == -signal.SIGPROF or self.late
            reason = "timeout" if timed_out else "crash"
            return replace(unknown(reason), version=VERIFIERS[self.verifier].version)

    def wait(self) -> Verdict:
        """The verdict, as soon as it is there or the worker is far beyond its time."""
        readable([self])
        return self.take()

    @property
    def fit(self) -> bool:
        """Whether it can take another task."""
        return not self.retired and self.process.poll() is None

    def close(self) -> None:
        """End the process now and wait for it."""
        self.pipe.close()
        self.process.kill()
        self.process.wait()


def readable(busy: list[Worker]) -> list[Worker]:
    """Wait for workers that have something to say; one far beyond its time is killed, which says enough."""
    patience = max(0.0, min(worker.give_up_at for worker in busy) - monotonic())
    ready = wait([worker.pipe for worker in busy], timeout=patience)
    for worker in busy:
        if monotonic() > worker.give_up_at and worker.pipe not in ready:
            worker.late = True
            worker.process.kill()
            ready.append(worker.pipe)
    return [worker for worker in busy if worker.pipe in ready]


class Pool:
    """Verdicts of tasks, several at a time; a context manager that leaves no process behind."""

    def __init__(
        self, workers: int | None = None, timeout_s: float = TIMEOUT_S, sandbox: str = "auto"
    ) -> None:
        """At most `workers` processes (None: as many as cores), started when one is needed.

        A task may use `timeout_s` seconds of CPU time, programs that it runs not counted: they run in the
        back-end `sandbox` (`r1data.verify.sandbox`), within limits of their own.
        """
        self.n_workers = workers or cores()
        self.timeout_s, self.sandbox = timeout_s, sandbox
        self.workers: list[Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for worker in self.workers:
            worker.close()
        self.workers.clear()

    def map(self, tasks: Iterable[Task]) -> Iterator[Verdict]:
        """Verdicts in the order of `tasks`; one that is late or kills its worker is `unknown`.

        Raises:
            ConfigError: a task names a verifier that does not exist.
        """
        queue = enumerate(tasks)
        done: dict[int, Verdict] = {}
        idle, busy = deque(self.workers), list[Worker]()
        given = 0
        try:
            while self._feed(queue, idle, busy, done):
                if busy and given not in done:
                    for worker in readable(busy):
                        busy.remove(worker)
                        done[worker.index] = worker.take()
                        idle.append(worker)
                while given in done:
                    yield done.pop(given)
                    given += 1
        finally:
            for worker in busy:  # the caller stopped early: what they work on is nobody's
                self._replace(worker)

    def _feed(
        self,
        queue: Iterator[tuple[int, Task]],
        idle: deque[Worker],
        busy: list[Worker],
        done: dict[int, Verdict],
    ) -> bool:
        """Decide tasks or give them to free workers, until all are busy or enough verdicts wait for one.

        Returns:
            Whether there is anything left to wait for or to give.
        """
        while len(busy) < self.n_workers and len(done) + len(busy) < LOOKAHEAD * self.n_workers:
            item = next(queue, None)
            if item is None:
                break
            index, task = item
            verdict = at_once(task.verifier, task.completion, task.reference, task.args)
            if isinstance(verdict, Verdict):
                done[index] = verdict
                continue
            worker = self._worker(idle)
            worker.submit(task.verifier, verdict, index)
            busy.append(worker)
        return bool(busy or done)

    def _worker(self, idle: deque[Worker]) -> Worker:
        """A free worker that is fit, or a new one."""
        if not idle:
            self.workers.append(Worker(self.timeout_s, self.sandbox))
            return self.workers[-1]
        worker = idle.popleft()
        return worker if worker.fit else self._replace(worker)

    def _replace(self, worker: Worker) -> Worker:
        worker.close()
        self.workers.remove(worker)
        self.workers.append(Worker(self.timeout_s, self.sandbox))
        return self.workers[-1]
