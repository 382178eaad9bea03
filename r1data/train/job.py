"""What a training job is told, and what it tells, as files of its folder, so that it may run anywhere that
sees the folder.

    job.json         → everything that the trainer needs
    progress.jsonl   ← one line per optimiser step
    train.log        ← what libraries printed
    too_long.jsonl   ← rows that were left out
    written.jsonl    ← what the student writes to a few prompts
    failure.json     ← why it failed, in words that a program can read
    runs/            ← the curves of TensorBoard
    checkpoints/     ← where a killed job goes on
    metrics.json     ← curve and costs of a finished job
    model/           ← the student
    student.json     the job's row of table `students`, written last, by who waited for it
"""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson

JOB, LOG, METRICS, DONE = "job.json", "train.log", "metrics.json", "student.json"
PROGRESS, FAILURE = "progress.jsonl", "failure.json"
TOO_LONG = "too_long.jsonl"
"""The rows that were left out because they are longer than the student may read: rollout_id, n_tokens."""
WRITTEN = "written.jsonl"
"""What the student writes to a few prompts of its rows: prompt, completion and, as reference, the completion
that it was taught (sft, at its end) or the known-good answer (grpo, while it trains, with step, reward and
reasons).
"""
MODEL, CHECKPOINTS, CURVES = "model", "checkpoints", "runs"


@dataclass(frozen=True)
class Job:
    """Everything that a trainer needs; it lies in the job's folder as `job.json`."""

    student: str
    run_key: str
    trainer: str
    """Module of r1data.train that runs it."""
    folder: str
    """The job's folder."""
    rows: str
    """JSONL file of an export."""
    base: str
    """Folder of the base model."""
    seed: int
    settings: dict[str, Any]
    """The student recipe's sections that decide what is learnt, by name (`run_key.settings_of`)."""
    launch: dict[str, Any] = field(default_factory=dict)
    """The student recipe's section [launch]."""
    models: dict[str, str] = field(default_factory=dict)
    """Folders of other models that it needs, by what for: `preference`."""
    share_of_batch: float = 1.0
    """Share of the rows of a forward pass that is used, below 1 after memory ran out; the optimiser's batch
    stays as it is.
    """

    def write(self) -> Path:
        """Put the job into its folder, whole or not at all."""
        return write_json(Path(self.folder) / JOB, asdict(self))

    def has_ended(self) -> bool:
        """Whether its trainer has made the student since the job was written last."""
        told, made = (Path(self.folder) / name for name in (JOB, METRICS))
        whole = made.exists() and told.exists() and (Path(self.folder) / MODEL).is_dir()
        return whole and made.stat().st_mtime >= told.stat().st_mtime

    @classmethod
    def read(cls, path: Path) -> "Job":
        """The job that a file describes."""
        return cls(**orjson.loads(path.read_bytes()))


@dataclass(frozen=True)
class Progress:
    """One optimiser step."""

    step: int
    """From 1."""
    steps: int
    """Steps that the whole job has."""
    numbers: dict[str, float]
    """loss (nats per trained token), learning_rate, tokens (read so far, prompts included); of GRPO also
    reward and its parts, entropy, clipped, thought_tokens, …
    """


@dataclass(frozen=True)
class Failure:
    """Why a job failed."""

    kind: Literal["gate", "memory", "disk", "stopped", "error"]
    """Rows that were refused; memory that ran out; a disk that is full; NaN or an alarm; anything else."""
    message: str
    """What, where, and what to do."""


OnProgress = Callable[[Progress], object]
"""Called for every optimiser step, in the thread that waits for the job."""


def write_json(path: Path, content: Any) -> Path:
    """Write a file whole or not at all, and to the disk."""
    unfinished = path.with_name(f".{path.name}-{os.getpid()}")  # processes of a job may write side by side
    with unfinished.open("wb") as file:
        file.write(orjson.dumps(content, option=orjson.OPT_INDENT_2))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    return path


def failure_of(folder: Path) -> Failure | None:
    """Why the job of a folder failed, as it said itself; None when it said nothing."""
    try:
        return Failure(**orjson.loads((folder / FAILURE).read_bytes()))
    except FileNotFoundError:
        return None
