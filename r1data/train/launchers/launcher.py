"""What a launcher is: submit, poll, cancel, logs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol


@dataclass(frozen=True)
class Status:
    """How a submitted job stands."""

    state: Literal["waiting", "running", "done", "failed"]
    """In a queue; started; ended well; ended badly, or lost."""
    why: str = ""
    """In the launcher's own words: what it waits for, or how it ended, such as `killed by SIGKILL`."""
    memory: bool = False
    """Whether it failed because the memory that it was given ran out."""


class Launcher(Protocol):
    """Where jobs run. A job is the file `job.json` in its folder, which the place where it runs sees, too."""

    outlives: bool
    """Whether a job goes on when the process that submitted it dies; if so, `find` finds it again."""
    poll_s: float
    """Seconds between two polls."""

    def submit(self, job: Path, *, environment: Mapping[str, str]) -> str:
        """Start a job or put it into a queue; returns its handle, by which the other methods know it.

        Raises:
            ConfigError: what it needs is not installed, or the recipe lacks a key.
            TrainError: it was not taken; quotes who refused.
        """

    def find(self, job: Path) -> str | None:
        """The handle of a job that waits or runs, whoever submitted it; None when there is none."""

    def poll(self, handle: str) -> Status:
        """How a job stands."""

    def cancel(self, handle: str) -> None:
        """End a job; one that has ended stays as it is."""

    def logs(self, handle: str, lines: int = 50) -> str:
        """The last lines of what a job wrote, without secrets of the launcher."""
