"""Launchers: where a training job runs. To add one, write a file here and name it below."""

from r1data.train.launchers import local

LAUNCHERS = {"local": local.launch}
"""Functions `(job: Path, *, on_progress) -> None` that return when the job has finished, by name."""
