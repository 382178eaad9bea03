"""Train a student once on an export: gate its rows, submit the job, and say what came of it.

students/smollm2-3f9a0c51be42/   a job's folder, as `job.py` draws it
students/current/smollm2         → the folder of its model; what `student:smollm2` means
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from statistics import fmean
from typing import Any, TypeVar

import orjson
import polars as pl
from filelock import FileLock, Timeout

from r1data import paths
from r1data.errors import ConfigError, InputError, RunInProgress
from r1data.generate.models import CURRENT, ModelFolder, read_folder, revision_of
from r1data.recipe import Student
from r1data.schema import TABLES
from r1data.train.exports import Export, exports_in
from r1data.train.follow import follow
from r1data.train.job import DONE, METRICS, MODEL, Job, OnProgress, write_json
from r1data.train.launchers import LAUNCHERS
from r1data.train.run_key import run_key, settings_of

FORMS = {"sft": "trl", "grpo": "grpo", "reward_model": "dpo"}
"""The form of export that a trainer reads."""
P = TypeVar("P")


@dataclass(frozen=True)
class TrainedStudent:
    """A finished training job."""

    row: dict[str, Any]
    """The job's row of table `students`, all columns but `night` and `trained_at`."""
    model: ModelFolder
    """The student's weights, tokenizer and chat template."""
    export: Export
    """The rows that it trained on."""
    curve: list[dict[str, float]]
    """One entry per optimiser step: step and the numbers of `job.Progress`."""
    cached: bool
    """Whether the job had run before, so that nothing was started."""

    @property
    def heldout(self) -> dict[str, Any]:
        """How a reward model told pairs that were kept apart: n_pairs, accuracy with its 95 % interval (low,
        high), longer_is_better and shorter_is_better, as shares; empty for other students.
        """
        return orjson.loads((self.model.path.parent / METRICS).read_bytes()).get("heldout") or {}

    def frame(self, night: str, *, trained_at: datetime) -> pl.DataFrame:
        """One row of table `students`; `trained_at` is in UTC."""
        row = {"night": night, **self.row, "trained_at": trained_at}
        return pl.DataFrame([row], schema=TABLES["students"].schema)


def train_student(
    student: Student,
    export: Export,
    *,
    base: ModelFolder,
    recipe_name: str,
    mix: str,
    models: Mapping[str, ModelFolder] | None = None,
    on_progress: OnProgress = lambda progress: None,
    environment: Mapping[str, str] | None = None,
) -> TrainedStudent:
    """Train `student` on the rows of an export, unless the same job has finished before.

    Args:
        student: what to train, and how.
        export: what it learns from, of the form that its trainer reads (FORMS).
        base: the base model's folder, as `resolve(student.base, student.revision)` finds it.
        recipe_name: recipe whose corpus the mix read.
        mix: SQL text of the mix, for the record.
        models: other models that the trainer needs, by what for.
        on_progress: called for every optimiser step.
        environment: variables of the job's processes, beside those of this one.

    Returns:
        The student. A job that was killed goes on from its last checkpoint; a finished one is returned
        as it is, with the recipe name, mix and inputs of the run that trained it.

    Raises:
        ConfigError: the export is of another form, or what the launcher needs is not installed.
        RunInProgress: another run trains this student on these rows.
        GateError: the student's chat template loses part of a trace.
        StorageError: the disk is full.
        TrainError: the job failed; names its log.
    """
    _check_form(student, export)
    launcher = LAUNCHERS[student.launcher](student.launch)
    job = _job(student, export, base, models or {})
    folder = Path(job.folder)
    found = _finished(folder, export)
    if found:
        return found
    with _held(folder, student.name):
        found = _finished(folder, export)
        if found:
            return found
        if (folder / DONE).exists():  # but its weights are others now
            (folder / METRICS).unlink(missing_ok=True)
            (folder / DONE).unlink()
        follow(
            job,
            launcher,
            on_progress=on_progress,
            environment=environment or {},
            max_hours=student.launch.max_hours,
        )
        identity = _identity(student, job, export, base) | {"recipe": recipe_name, "mix": mix}
        write_json(folder / DONE, identity | _measured(folder))
    trained = _finished(folder, export)
    assert trained is not None
    return replace(trained, cached=False)


def _job(student: Student, export: Export, base: ModelFolder, models: Mapping[str, ModelFolder]) -> Job:
    revisions = {name: model.revision for name, model in models.items()}
    key = run_key(
        student,
        rows_digest=export.rows_digest,
        base_revision=base.revision,
        models=revisions,
        verifiers=_verifiers(student, export) if student.trainer == "grpo" else (),
    )
    return Job(
        student=student.name,
        run_key=key,
        trainer=student.trainer,
        folder=str(paths.students() / f"{student.name}-{key[:12]}"),
        rows=str(export.rows),
        base=str(base.path),
        seed=student.seed,
        settings=settings_of(student),
        launch=student.launch.model_dump(mode="json"),
        models={name: str(model.path) for name, model in models.items()},
    )


def _verifiers(student: Student, export: Export) -> set[str]:
    """Names of the verifiers that reward a student: of its prompts, and of the recipe's other weights."""
    with export.rows.open("rb") as rows:
        of_prompts = {orjson.loads(row)["verifier"] for row in rows}
    return of_prompts | (set(student.rewards.weights) - {"accuracy"})


def _identity(student: Student, job: Job, export: Export, base: ModelFolder) -> dict[str, Any]:
    return {
        "run_key": job.run_key,
        "student": student.name,
        "mix_name": student.mix,
        "trainer": student.trainer,
        "launcher": student.launcher,
        "seed": student.seed,
        "settings": json.dumps(job.settings, sort_keys=True),
        "rows_digest": export.rows_digest,
        "inputs": json.dumps(export.inputs, sort_keys=True),
        "base": student.base,
        "base_revision": base.revision,
    }


def _check_form(student: Student, export: Export) -> None:
    form = FORMS[student.trainer]
    if export.form != form:
        raise ConfigError(
            f"Trainer {student.trainer} reads exports of form {form}; {export.folder} is of form "
            f"{export.form}. Export the mix again: `r1data export mix NAME --as {form}`."
        )


def current_row(students: pl.LazyFrame, name: str) -> dict[str, Any] | None:
    """The latest row of a student in table `students`; None when it was never trained."""
    rows = students.filter(pl.col("student") == name).sort("trained_at").tail(1).collect().to_dicts()
    return rows[0] if rows else None


def current_student(students: pl.LazyFrame, name: str) -> TrainedStudent:
    """The student of a name that was trained last, from its folder.

    Args:
        students: table `students`.
        name: its file in recipes/students.

    Raises:
        ConfigError: it was never trained, or its folder is gone or changed.
    """
    row = current_row(students, name)
    if row is None:
        raise ConfigError(f"Student {name} was never trained. Train it: `r1data train {name}`.")
    # By its rows, not by the name of its folder: the same rows may have been exported more than once.
    exports = exports_in(paths.home() / "exports")
    export = next((one for one in exports if one.rows_digest == row["rows_digest"]), None)
    found = _finished((paths.students() / row["folder"]).parent, export) if export else None
    if not found:
        raise ConfigError(
            f"Student {name} is not in {paths.students()} any more. Train it again: `r1data train {name}`."
        )
    return found


@contextmanager
def _held(folder: Path, name: str) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout:
        raise RunInProgress(
            f"Student {name} is being trained by another run in {folder}. Wait for it; this "
            "run changed nothing."
        ) from None


def _finished(folder: Path, export: Export) -> TrainedStudent | None:
    """The student of a finished job; None when there is none, or its weights are no longer those that
    were trained.
    """
    if not (folder / DONE).is_file():
        return None
    row = orjson.loads((folder / DONE).read_bytes())
    try:
        model = read_folder(folder / MODEL)
    except (ConfigError, InputError):
        return None
    if model.revision != row["revision"]:
        return None
    curve = orjson.loads((folder / METRICS).read_bytes())["curve"]
    return TrainedStudent(row, model, export, curve, cached=True)


def _measured(folder: Path) -> dict[str, Any]:
    metrics = orjson.loads((folder / METRICS).read_bytes())
    curve = metrics["curve"]
    losses = [fmean(point["loss"] for point in part) for part in ends(curve)]
    rewarded = [point for point in curve if "reward" in point]
    rewards = (
        [fmean(point["reward"] for point in part) for part in ends(rewarded)] if rewarded else [None] * 2
    )
    same = ("n_rows", "n_rows_too_long", "steps", "elapsed_s", "peak_memory_bytes")
    return {name: metrics[name] for name in same} | {
        "gpu_hours": metrics["n_gpus"] * metrics["elapsed_s"] / 3600,
        "first_loss": losses[0],
        "last_loss": losses[1],
        "first_reward": rewards[0],
        "last_reward": rewards[1],
        "revision": revision_of(folder / MODEL),
        "folder": str((folder / MODEL).relative_to(paths.students())),
    }


def ends(points: Sequence[P]) -> tuple[Sequence[P], Sequence[P]]:
    """The first and the last tenth of the points of a curve, at least one each: single steps say little."""
    n = max(1, len(points) // 10)
    return points[:n], points[-n:]


def make_current(trained: TrainedStudent) -> None:
    """Let `student:NAME` mean this one."""
    link = paths.students() / CURRENT / trained.row["student"]
    link.parent.mkdir(parents=True, exist_ok=True)
    unfinished = link.with_name(f".{link.name}")
    unfinished.unlink(missing_ok=True)
    unfinished.symlink_to(os.path.relpath(trained.model.path, link.parent))
    unfinished.replace(link)
