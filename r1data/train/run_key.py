"""The name of a training job: equal jobs have equal names, so a job runs once."""

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from r1data import ids
from r1data.recipe import Student

TRAINERS = ("torch", "transformers", "trl")
"""Packages whose version changes what training does."""
ASIDE = {
    "sft": ("gradient_checkpointing",),
    "grpo": ("gradient_checkpointing", "alarms"),
    "reward_model": ("gradient_checkpointing",),
}
"""Keys of sections that leave the weights as they are, so that they may be changed before a job goes on."""


def trainer_versions() -> dict[str, str]:
    """Installed versions of the packages that train, without importing them."""
    return {name: version(name) for name in TRAINERS}


def settings_of(student: Student) -> dict[str, Any]:
    """The sections of a student's recipe that decide what is learnt, by name."""
    sections = {student.trainer, "lora"} | ({"rewards"} if student.trainer == "grpo" else set())
    return student.model_dump(mode="json", include=sections)


def run_key(
    student: Student,
    *,
    rows_digest: str,
    base_revision: str,
    models: Mapping[str, str] | None = None,
    verifiers: Iterable[str] = (),
) -> str:
    """Name the job that trains `student` on rows of `rows_digest` from weights of `base_revision`: 32
    hex digits.

    It covers what decides the student's weights: rows, base, trainer and its settings, seed, trainer
    versions, the revisions of other `models` that it needs, the versions of `verifiers` that reward it, and
    the student's name. The mix's text, the launcher, the evaluation, and settings that only say when to stop
    or what to save (ASIDE) are no part of it: they leave the weights as they are.
    """
    from r1data.verify import VERIFIERS

    settings = settings_of(student)
    for section, names in ASIDE.items():
        settings[section] = {
            name: value for name, value in (settings.get(section) or {}).items() if name not in names
        }
    if student.trainer == "grpo" and student.rewards.overlong != "soft":
        settings["rewards"].pop("soft_tokens")
    decides = {"name": student.name, "trainer": student.trainer, "seed": student.seed}
    if student.launcher == "verl":
        decides["overrides"] = student.launch.verl.overrides
    versions = {name: VERIFIERS[name].version for name in sorted(set(verifiers))}
    return ids.digest(
        rows_digest, base_revision, decides | settings, dict(models or {}), trainer_versions(), versions
    )
