"""The name of a training job: equal jobs have equal names, so a job runs once."""

from importlib.metadata import version

from r1data import ids
from r1data.recipe import Student

TRAINERS = ("torch", "transformers", "trl")
"""Packages whose version changes what training does."""


def trainer_versions() -> dict[str, str]:
    """Installed versions of the packages that train, without importing them."""
    return {name: version(name) for name in TRAINERS}


def run_key(student: Student, *, rows_digest: str, base_revision: str) -> str:
    """Name the job that trains `student` on rows of `rows_digest` from weights of `base_revision`: 32
    hex digits.

    It covers what decides the student's weights: rows, base, trainer and its settings, seed, trainer
    versions, and the student's name. The mix's text, the launcher and the evaluation are no part of it:
    they leave the weights as they are.
    """
    decides = student.model_dump(mode="json", include={"name", "trainer", "seed", student.trainer})
    return ids.digest(rows_digest, base_revision, decides, trainer_versions())
