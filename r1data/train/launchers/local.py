"""A training job as a child process on this machine.

What this does not do: limit memory or cores. A supervisor ends the job with all its processes when the one
that waits for it dies, even by SIGKILL (`r1data.generate.supervisor`).
"""

import os
import signal
import sys
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from r1data.generate.supervised import Supervised
from r1data.process import kills_for_memory
from r1data.recipe import Launch
from r1data.train.job import LOG, Job
from r1data.train.launchers.launcher import Status

SETTINGS = {
    "CUDA_VISIBLE_DEVICES": "0",  # TRL refuses several visible GPUs in one process
    # Threads that spin long at barriers starve one another when cores are shared; alone, this costs nothing.
    "GOMP_SPINCOUNT": "10000",
    "HF_HUB_OFFLINE": "1",
}
"""Environment of the job, where this process's says nothing else."""


class Local:
    """One process; see `launcher.Launcher` for the methods."""

    outlives = False
    poll_s = 0.1

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self._jobs: dict[str, tuple[Supervised, Path, int]] = {}

    def command(self, job: Path) -> list[str]:
        """The job's command line."""
        return [sys.executable, "-m", f"r1data.train.{Job.read(job).trainer}", str(job)]

    def settings(self) -> Mapping[str, str]:
        """Environment of the job, where this process's says nothing else."""
        return SETTINGS

    def submit(self, job: Path, *, environment: Mapping[str, str]) -> str:
        log = job.parent / LOG
        whole = {**self.settings(), **os.environ, **environment}
        process = Supervised(self.command(job), pass_fds=(), log=log, environment=whole)
        self._jobs[str(process.pid)] = process, log, kills_for_memory()
        return str(process.pid)

    def find(self, job: Path) -> str | None:
        return None

    def poll(self, handle: str) -> Status:
        process, _, before = self._jobs[handle]
        status = process.wait(0)
        if status is None:
            return Status("running")
        process.stop()
        if status == 0:
            return Status("done")
        killed = status > 128  # of one among several, torchrun's own status is another
        why = f"killed by {signal.Signals(status - 128).name}" if killed else f"exit status {status}"
        return Status("failed", why, memory=kills_for_memory() > before)

    def cancel(self, handle: str) -> None:
        self._jobs[handle][0].stop()

    def logs(self, handle: str, lines: int = 50) -> str:
        with self._jobs[handle][1].open(encoding="utf-8", errors="replace") as log:
            return "".join(deque(log, lines))
