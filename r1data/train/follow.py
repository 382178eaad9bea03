"""Wait for a job, wherever it runs, and say what came of it."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from r1data.errors import GateError, R1DataError, StorageError, TrainError
from r1data.process import last_line
from r1data.train.job import FAILURE, JOB, LOG, PROGRESS, Failure, Job, OnProgress, Progress, failure_of
from r1data.train.launchers.launcher import Launcher, Status


def follow(
    job: Job,
    launcher: Launcher,
    *,
    on_progress: OnProgress,
    environment: Mapping[str, str],
    max_hours: float | None = None,
) -> None:
    """Submit a job, unless it waits or runs already, and return when it has finished.

    When memory runs out, it is submitted once more, with half the rows in a forward pass and the same
    optimiser's batch; it goes on from its last checkpoint. Whoever interrupts the wait cancels the job; where
    launchers outlive this process, kill -9 does not, and the next call finds the job again, or what it made.

    Args:
        job: what to train; its folder exists.
        launcher: where.
        on_progress: called for every optimiser step.
        environment: variables of the job's processes, beside those of this one.
        max_hours: a job that runs longer is cancelled.

    Raises:
        GateError: its rows were refused.
        StorageError: the disk is full.
        TrainError: it failed otherwise; names the log.
    """
    failure = _run(job, launcher, on_progress, environment, max_hours)
    if failure and failure.kind == "memory":
        half = replace(job, share_of_batch=job.share_of_batch / 2)
        failure = _run(half, launcher, on_progress, environment, max_hours)
    if failure:
        raise _error(job, failure)


def _run(
    job: Job,
    launcher: Launcher,
    on_progress: OnProgress,
    environment: Mapping[str, str],
    max_hours: float | None,
) -> Failure | None:
    folder = Path(job.folder)
    path = folder / JOB
    handle = launcher.find(path)
    reader = _Reader(folder / PROGRESS, whole=handle is not None)
    if handle is None:
        if job.has_ended():
            return None
        (folder / FAILURE).unlink(missing_ok=True)
        handle = launcher.submit(job.write(), environment=environment)
    began: float | None = None
    try:
        while True:
            status = launcher.poll(handle)
            for progress in reader.steps():
                on_progress(progress)
            if status.state in ("done", "failed"):
                return _failed(folder, status)
            if status.state == "running":
                began = began or time.monotonic()
                if max_hours and time.monotonic() - began > max_hours * 3600:
                    raise TrainError(
                        f"Training of {job.student} ran longer than {max_hours:g} hours, which max_hours "
                        f"under [launch] allows, and was cancelled; its checkpoints in {folder} stay. Raise "
                        "max_hours and train again: it goes on from there."
                    )
            time.sleep(launcher.poll_s)
    except BaseException:
        with suppress(R1DataError):  # what went wrong first is what counts
            launcher.cancel(handle)
        raise


def _failed(folder: Path, status: Status) -> Failure | None:
    if status.state == "done":
        return None
    told = failure_of(folder)
    if told:
        kind = "memory" if told.kind == "error" and status.memory else told.kind
        return replace(told, kind=kind, message=told.message.rstrip("."))
    why = status.why or "it ended without a word"
    log = folder / LOG
    said = last_line(log.read_text(encoding="utf-8", errors="replace")) if log.exists() else "there is no log"
    return Failure("memory" if status.memory else "error", f"{why}: {said}")


def _error(job: Job, failure: Failure) -> R1DataError:
    """The error of a failure, in one line that says what to do."""
    log = Path(job.folder) / LOG
    if failure.kind == "gate":
        return GateError(f"{failure.message}.")
    if failure.kind == "disk":
        return StorageError(
            f"The disk is full, so training of {job.student} stopped; its last whole checkpoint in "
            f"{job.folder} stays. Make room and train again: it goes on from there. ({failure.message}; "
            f"{log})"
        )
    if failure.kind == "memory":
        return TrainError(
            f"Training of {job.student} ran out of memory, and fewer rows in a forward pass did not help. "
            "Lower max_tokens, set gradient_checkpointing, add [lora], or give it a larger machine. "
            f"({failure.message}; {log})"
        )
    return TrainError(f"Training of {job.student} failed: {failure.message}; see {log}.")


class _Reader:
    """Reads whole lines of a file that grows; a line that is being written is read next time."""

    def __init__(self, path: Path, *, whole: bool) -> None:
        self.path = path
        self.at = 0 if whole or not path.exists() else path.stat().st_size

    def steps(self) -> list[Progress]:
        """Steps that were told since the last call."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self.at)
            read = file.read()
        lines = read[: read.rfind(b"\n") + 1]
        self.at += len(lines)
        found = []
        for line in lines.splitlines():
            with suppress(
                orjson.JSONDecodeError
            ):  # a kill in the midst of a line; the next run wrote behind it
                found.append(_progress(orjson.loads(line)))
        return found


def _progress(told: dict[str, Any]) -> Progress:
    return Progress(told.pop("step"), told.pop("steps"), told)
