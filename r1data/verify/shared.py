"""Worker processes that all threads of this process share, for single verdicts outside a `Pool`."""

import atexit
import os
import threading
from dataclasses import replace

from r1data.process import cores
from r1data.verify import VERIFIERS
from r1data.verify.verdict import Deferred, Verdict, unknown
from r1data.verify.workers import TIMEOUT_S, Worker


class Shared:
    """At most as many workers as cores; each starts when first needed and lives as long as the process."""

    def __init__(self) -> None:
        """No process yet."""
        self.pid = os.getpid()
        self.closed = False
        self._free = threading.BoundedSemaphore(cores())
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()

    def work(self, name: str, deferred: Deferred) -> Verdict:
        """The verdict from the first worker that is free."""
        with self._free:
            if self.closed:
                return replace(unknown("crash"), version=VERIFIERS[name].version)
            worker = self._take()
            try:
                worker.submit(name, deferred)
                return worker.wait()
            finally:
                self._give(worker)

    def close(self) -> None:
        """End all workers; what one is at work on, or is still to be, becomes `unknown(crash)`."""
        with self._lock:
            self.closed = True
            idle, self._idle = self._idle, []
            for worker in self._busy:
                worker.process.kill()  # whoever waits for it closes it
        for worker in idle:
            worker.close()

    def _take(self) -> Worker:
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        if worker and not worker.fit:
            worker.close()
            worker = None
        worker = worker or Worker(TIMEOUT_S)
        with self._lock:
            self._busy.add(worker)
        return worker

    def _give(self, worker: Worker) -> None:
        with self._lock:
            self._busy.discard(worker)
        # Without a verdict, such as after KeyboardInterrupt, a worker is still at it.
        if not worker.asked and worker.fit:
            with self._lock:
                self._idle.append(worker)
        else:
            worker.close()


_LOCK = threading.Lock()
_shared: Shared | None = None


def close() -> None:
    """End this process's shared workers now; further verdicts start new ones."""
    if _shared is not None and _shared.pid == os.getpid():
        _shared.close()


def work(name: str, deferred: Deferred) -> Verdict:
    """Decide what was deferred; waits while every worker is busy. Safe in any thread, and after a fork."""
    global _shared
    with _LOCK:
        # A parent's workers are not its forks'.
        if _shared is None or _shared.closed or _shared.pid != os.getpid():
            _shared = Shared()
            atexit.register(_shared.close)
        shared = _shared
    return shared.work(name, deferred)
