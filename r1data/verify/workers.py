"""Verifiers in worker processes that can be killed.

Each worker is one Python process behind a socket pair. Before a task it arms a timer of CPU time whose signal
ends the process, even inside C code, so the deadline holds in the same place however busy the machine is, and
a worker whose parent was killed does not run on. A worker exits when its pipe closes.

What this does not protect against: a verifier that reads or writes files; this is no sandbox.
"""

import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from multiprocessing.connection import Connection, wait
from time import monotonic
from typing import Any, Self

import orjson

from r1data.paths import PROJECT
from r1data.verify import VERIFIERS
from r1data.verify.verdict import Verdict, unknown

LOOKAHEAD = 64
"""Verdicts per worker that may wait for an earlier, slower one."""
WALL_FACTOR, WALL_EXTRA_S = 20, 60.0
"""A task without CPU time is given up after `timeout_s` times the first plus the second, in wall time."""


@dataclass(frozen=True)
class Task:
    """One completion to judge."""

    verifier: str
    """A key of `r1data.verify.VERIFIERS`."""
    completion: str
    reference: str | None
    args: dict[str, Any] = field(default_factory=dict)


class Worker:
    """One process and the task that it works on."""

    def __init__(self, timeout_s: float) -> None:
        """Start the process; it serves tasks until its pipe closes."""
        ours, theirs = socket.socketpair()
        paths = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "r1data.verify.worker", str(theirs.fileno()), str(timeout_s)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "POLARS_MAX_THREADS": "1"},
            )
        self.pipe = Connection(ours.detach())
        self.index: int | None = None
        self.task: Task | None = None
        self.give_up_at = 0.0
        self.late = False
        self.wall_s = timeout_s * WALL_FACTOR + WALL_EXTRA_S

    def submit(self, index: int, task: Task) -> None:
        """Send a task; the worker must be idle. A worker that died meanwhile is noticed by `take`."""
        self.index, self.task, self.give_up_at = index, task, monotonic() + self.wall_s
        try:
            self.pipe.send_bytes(orjson.dumps(asdict(task)))
        except OSError:
            self.process.kill()

    def take(self) -> Verdict:
        """The verdict of the task, once the pipe is readable; the end of the process is a verdict too."""
        try:
            return Verdict(**orjson.loads(self.pipe.recv_bytes()))
        except (EOFError, OSError):
            timed_out = self.process.wait() == -signal.SIGPROF or self.late
            reason = "timeout" if timed_out else "crash"
            return replace(unknown(reason), version=VERIFIERS[self.task.verifier].version)

    def close(self) -> None:
        """End the process now and wait for it."""
        self.pipe.close()
        self.process.kill()
        self.process.wait()


class Pool:
    """Worker processes that judge tasks in parallel; a context manager that leaves no process behind."""

    def __init__(self, workers: int | None = None, timeout_s: float = 5) -> None:
        """`workers` processes (None: as many as cores); a task may use `timeout_s` seconds of CPU time."""
        self.n_workers = workers or os.cpu_count() or 1
        self.timeout_s = timeout_s
        self.workers: list[Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for worker in self.workers:
            worker.close()
        self.workers.clear()

    def map(self, tasks: Iterable[Task]) -> Iterator[Verdict]:
        """Verdicts in the order of `tasks`; one that is late or kills its worker is `unknown`."""
        queue = enumerate(tasks)
        done: dict[int, Verdict] = {}
        idle, busy = deque(self.workers), list[Worker]()
        given = 0
        try:
            while True:
                self._feed(queue, idle, busy, given)
                if not busy:
                    break
                for worker in self._readable(busy):
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
        self, queue: Iterator[tuple[int, Task]], idle: deque[Worker], busy: list[Worker], given: int
    ) -> None:
        """Give every free worker a task, unless finished verdicts already wait for a slow one."""
        furthest = max((worker.index for worker in busy), default=given)
        while len(busy) < self.n_workers and furthest - given < LOOKAHEAD * self.n_workers:
            item = next(queue, None)
            if item is None:
                return
            if not idle:
                self.workers.append(Worker(self.timeout_s))
                idle.append(self.workers[-1])
            worker = self._alive(idle.popleft())
            worker.submit(*item)
            busy.append(worker)
            furthest = item[0]

    def _readable(self, busy: list[Worker]) -> list[Worker]:
        """Workers that have something to say; one far beyond its wall time is killed, which says enough."""
        patience = max(0.0, min(worker.give_up_at for worker in busy) - monotonic())
        ready = wait([worker.pipe for worker in busy], timeout=patience)
        for worker in busy:
            if monotonic() > worker.give_up_at and worker.pipe not in ready:
                worker.late = True
                worker.process.kill()
                ready.append(worker.pipe)
        return [worker for worker in busy if worker.pipe in ready]

    def _alive(self, worker: Worker) -> Worker:
        """The worker, or a new one in the place of one that has ended."""
        return worker if worker.process.poll() is None else self._replace(worker)

    def _replace(self, worker: Worker) -> Worker:
        worker.close()
        self.workers.remove(worker)
        self.workers.append(Worker(self.timeout_s))
        return self.workers[-1]
