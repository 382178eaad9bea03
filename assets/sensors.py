"""Sensors: what starts a run by itself. Both they and schedules are stopped until somebody starts them."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import dagster as dg
import polars as pl

from assets.jobs import night
from assets.partitions import NIGHTS
from assets.resources import LakeResource, RecipeResource
from r1data import ids
from r1data.prompts.inbox import complete, waiting


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


SENSORS = [inbox]
"""Everything that Dagster loads."""
