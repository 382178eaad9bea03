"""Sensors: what starts a run by itself. Both they and schedules are stopped until somebody starts them."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import polars as pl
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES
from dagster._core.storage.tags import RUN_KEY_TAG

from assets.jobs import night, train, train_grpo, train_reward_model
from assets.partitions import NIGHTS
from assets.resources import LakeResource, RecipeResource
from r1data import ids
from r1data.prompts.inbox import complete, waiting
from r1data.recipe import load_student
from r1data.recipe.training import JOBS_OF
from r1data.train.budget import affordable


def stats(files: Iterable[Path]) -> list[tuple[str, int, int]]:
    """Name, size and time of change of the files that are still there."""
    found = []
    for file in files:
        with suppress(FileNotFoundError):
            now = file.stat()
            found.append((str(file), now.st_size, now.st_mtime_ns))
    return found


@dg.sensor(
    job=night,
    name="inbox",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Makes the last night again when a recipe's inbox has files that no night has seen.",
)
def inbox(
    context: dg.SensorEvaluationContext, lake: LakeResource, recipe: RecipeResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One request for the files that wait, whatever their names; broken ones of before are in the log."""
    own = recipe.read()
    sections = [section for section in own.prompts if section.source == "inbox"]
    looked = ids.digest(own.name, stats(file for section in sections for file in complete(section)))
    if context.cursor == looked:
        yield dg.SkipReason("No inbox has changed.")
        return
    known = lake.open().scan("inbox").filter(recipe=own.name).collect()
    for name, error in known.filter(pl.col("error").is_not_null()).select("file", "error").rows():
        context.log.warning("%s was not asked: %s", name, error)
    found = sorted({file_id for section in sections for file_id in waiting(section, known)})
    last = NIGHTS.get_last_partition_key()
    context.update_cursor(looked)
    if not found or last is None:
        yield dg.SkipReason("No inbox has a file that no night has seen.")
        return
    yield dg.RunRequest(
        run_key=ids.digest(own.name, found), partition_key=last, tags={"inbox_files": str(len(found))}
    )


@dg.sensor(
    jobs=[train, train_grpo, train_reward_model],
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Trains the students of [training] when the corpus has changed, within its GPU-hours.",
)
def new_corpus(
    context: dg.SensorEvaluationContext, lake: LakeResource, recipe: RecipeResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One request per student and version of the corpus; Dagster never takes one twice."""
    training, opened = recipe.read().training, lake.open()
    version = opened.version("corpus")
    if version is None or not training.students:
        yield dg.SkipReason(
            "There is no corpus yet." if training.students else "[training] names no students."
        )
        return
    running = _in_training(context.instance)
    keys = {name: ids.digest(opened.root, name, version) for name in training.students}
    wanted = [name for name in keys if name not in running and not _requested(context.instance, keys[name])]
    chosen, refused = affordable(
        opened.scan("students"),
        [load_student(name) for name in wanted],
        [load_student(name) for name in running],
        budget=training.gpu_hours,
        now=datetime.now(UTC),
    )
    for student in chosen:
        yield dg.RunRequest(
            run_key=keys[student.name],
            job_name=JOBS_OF[student.trainer],
            partition_key=student.name,
        )
    for reason in refused.values():
        context.log.warning(reason)
    if not chosen:
        told = [*refused.values(), *(f"{name} is being trained." for name in sorted(running))]
        yield dg.SkipReason(" ".join(told) or "All students of this corpus were started.")


def _requested(instance: dg.DagsterInstance, run_key: str) -> bool:
    """Whether a run was started for a request before; Dagster would start no second one."""
    return bool(instance.get_runs(dg.RunsFilter(tags={RUN_KEY_TAG: run_key}), limit=1))


def _in_training(instance: dg.DagsterInstance) -> set[str]:
    """Students whose run waits or works."""
    unfinished = dg.RunsFilter(statuses=list(IN_PROGRESS_RUN_STATUSES))
    runs = instance.get_runs(unfinished)
    return {run.tags["dagster/partition"] for run in runs if run.job_name in JOBS_OF.values()}


SENSORS = [inbox, new_corpus]
"""Everything that Dagster loads."""
