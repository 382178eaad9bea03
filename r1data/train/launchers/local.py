"""A training job as a child process on this machine.

What this does not do: limit memory or cores. The child has its own process group; it dies with its
parent, even when the parent is killed, because it watches the pipe that the parent holds open.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import orjson

from r1data.errors import GateError, TrainError
from r1data.train.job import LOG, Job, OnProgress, Progress

GRACE_S = 5.0
SETTINGS = {
    "CUDA_VISIBLE_DEVICES": "0",  # TRL refuses several visible GPUs in one process
    # Threads that spin long at barriers starve one another when cores are shared; alone, this costs nothing.
    "GOMP_SPINCOUNT": "10000",
    "HF_HUB_OFFLINE": "1",
}
"""Environment of the child, where the parent's says nothing else."""


def launch(job: Path, *, on_progress: OnProgress) -> None:
    """Run a job file to its end.

    Args:
        job: `job.json` of a job's folder; the log goes beside it, appended when the job is resumed.
        on_progress: called for every optimiser step.

    Raises:
        GateError: the template gate refused the rows.
        TrainError: the job failed; names the log and quotes its last line.
    """
    log = job.parent / LOG
    trainer = Job.read(job).trainer
    environment = SETTINGS | os.environ
    with log.open("ab") as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", f"r1data.train.{trainer}", str(job)],
            stdin=subprocess.PIPE,  # stays open: its end tells the child that this process is gone
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            env=environment,
        )
        try:
            refusal = _follow(child, on_progress)
            status = child.wait()
        finally:
            _end(child)
    if refusal:
        raise GateError(refusal)
    if status:
        raise TrainError(f"Training failed ({_died(status)}); see {log}: {_last_line(log)}")


def _follow(child: subprocess.Popen[bytes], on_progress: OnProgress) -> str | None:
    """Pass progress on until the child closes its pipe; returns the gate's refusal, if any."""
    refusal = None
    assert child.stdout is not None
    for line in child.stdout:
        told = orjson.loads(line)
        if "refusal" in told:
            refusal = told["refusal"]
        else:
            on_progress(Progress(**told))
    return refusal


def _end(child: subprocess.Popen[bytes]) -> None:
    """Leave no process behind, whatever ended the wait."""
    for word in (signal.SIGTERM, signal.SIGKILL):
        if child.poll() is None:
            os.killpg(child.pid, word)
            try:
                child.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                continue
    pipes: tuple[IO[bytes] | None, ...] = (child.stdin, child.stdout)
    for pipe in pipes:
        if pipe is not None:
            pipe.close()


def _died(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "the log is empty")
