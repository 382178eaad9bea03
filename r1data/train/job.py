"""What a training job is told, and what it tells: one JSON file in, one JSON line per optimiser step
out.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

JOB, LOG, METRICS, DONE = "job.json", "train.log", "metrics.json", "student.json"
TOO_LONG = "too_long.jsonl"
"""The traces that were left out because they are longer than the student may read: rollout_id, n_tokens."""
MODEL, CHECKPOINTS = "model", "checkpoints"


@dataclass(frozen=True)
class Job:
    """Everything that a trainer needs; it lies in the job's folder as `job.json`."""

    trainer: str
    """Module of r1data.train that runs it."""
    folder: str
    """The job's folder: checkpoints, log, metrics and, at the end, the student in `model`."""
    rows: str
    """JSONL file of an export."""
    base: str
    """Folder of the base model."""
    seed: int
    settings: dict[str, Any]
    """The student recipe's section of that trainer."""

    def write(self) -> Path:
        """Put the job into its folder."""
        path = Path(self.folder) / JOB
        path.write_bytes(orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2))
        return path

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
    loss: float
    """Mean negative log-likelihood of a trained token, in nats."""
    learning_rate: float
    tokens: int
    """Tokens read so far, prompts included."""


OnProgress = Callable[[Progress], object]
"""Called for every optimiser step, in the thread that waits for the job."""
