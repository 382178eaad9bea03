"""Group *training*, by student: what it reads, and what became of it."""

import logging
from dataclasses import asdict
from datetime import UTC, datetime

import dagster as dg
import polars as pl

from assets.metadata import described, markdown, picture, row_count
from assets.partitions import STUDENTS
from assets.resources import LakeResource, RecipeResource
from r1data.errors import ConfigError
from r1data.generate.models import resolve
from r1data.lake import Lake
from r1data.recipe import load_student
from r1data.report.plots import loss_curve
from r1data.train.exports import Export, read
from r1data.train.exports.make import export_folder, export_mix
from r1data.train.job import Progress
from r1data.train.mix import load_mix
from r1data.train.student import current_row, train_student

log = logging.getLogger("r1data")
DIGEST = "digest"
"""The metadata of `sft_data` by which `student_sft` finds the export."""


def of_all_nights(asset: str) -> dg.AssetDep:
    """A dependency of a student's asset on every night of another one."""
    return dg.AssetDep(asset, partition_mapping=dg.AllPartitionMapping())


@dg.asset(
    partitions_def=STUDENTS,
    deps=[of_all_nights("corpus"), of_all_nights("pii")],
    group_name="training",
    kinds={"duckdb"},
)
def sft_data(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """The traces that the student's mix chooses from all nights, exported once for TRL and never changed."""
    student = load_student(context.partition_key)
    made = export_mix(
        lake.open(),
        student.mix,
        form="trl",
        recipe=recipe.read(),
        given=student.mix_parameters,
        student=student,
    )
    told = f", {made.n_dropped:,} left out" if made.n_dropped else ""
    log.info("sft_data: %s traces of mix %s%s", f"{made.n_rows:,}", student.mix, told)
    return dg.MaterializeResult(
        metadata={
            **row_count(made.n_rows),
            "completion_tokens": made.completion_tokens or 0,
            "prompts": made.n_prompts or 0,
            "mix": markdown(f"```sql\n{load_mix(student.mix).sql}\n```"),
            DIGEST: made.digest,
            "folder": dg.MetadataValue.path(str(made.folder)),
            "licences": dg.MetadataValue.json(made.licences),
            "terms": dg.MetadataValue.json(made.terms),
            "left_out": made.n_dropped,
            "left_out_by_reason": dg.MetadataValue.json(made.dropped),
        }
    )


@dg.asset(
    partitions_def=STUDENTS,
    deps=[sft_data],
    group_name="training",
    kinds={"pytorch", "huggingface"},
    pool="trainer",
    metadata=described("students"),
)
def student_sft(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """The student, fine-tuned by TRL on its mix; the same rows and settings are never trained twice."""
    opened, name = lake.open(), recipe.read().name
    student = load_student(context.partition_key)
    export = exported(context.instance, student.name)
    log.info("student_sft … %s on %s traces", student.name, f"{export.n_rows:,}")
    trained = train_student(
        student,
        export,
        base=resolve(student.base, student.revision),
        recipe_name=name,
        mix=load_mix(student.mix).sql,
        on_progress=_tell,
    )
    row = trained.row
    before_it = current_row(opened.scan("students"), student.name)
    if before_it is None or before_it["run_key"] != row["run_key"]:
        frame = trained.frame(latest_night(opened, name), trained_at=datetime.now(UTC))
        opened.append("students", frame, run=context.run.run_id, inputs=export.inputs)
    before = " (trained before)" if trained.cached else ""
    numbers = row["steps"], row["first_loss"], row["last_loss"], row["elapsed_s"], before
    log.info("student_sft: %s steps, loss %.2f → %.2f, %.0f s%s", *numbers)
    return dg.MaterializeResult(
        metadata={
            "cached": trained.cached,
            "folder": dg.MetadataValue.path(str(trained.model.path)),
            "loss": picture(loss_curve(trained.curve, title=student.name), "loss"),
            **{
                key: row[key]
                for key in ("n_rows", "n_rows_too_long", "steps", "first_loss", "last_loss", "elapsed_s")
            },
            "peak_memory_bytes": row["peak_memory_bytes"],
            "run_key": row["run_key"],
            "revision": row["revision"],
        },
        data_version=dg.DataVersion(row["run_key"]),
    )


def exported(instance: dg.DagsterInstance, student: str) -> Export:
    """The export that `sft_data` made last for a student.

    Raises:
        ConfigError: it has made none yet, or the export is gone.
    """
    records = dg.AssetRecordsFilter(asset_key=sft_data.key, asset_partitions=[student])
    found = instance.fetch_materializations(records, limit=1).records
    made = found[0].asset_materialization if found else None
    folder = export_folder() / str(made.metadata[DIGEST].value) if made else None
    if folder is None or not folder.is_dir():
        raise ConfigError(
            f"There is no export for student {student}. Materialise `sft_data`, or `r1data train {student}`."
        )
    return read(folder)


def latest_night(lake: Lake, recipe: str) -> str:
    """The newest night of a recipe's corpus, under which a student's rows are stored.

    Raises:
        ConfigError: the recipe has no corpus yet.
    """
    night = (
        lake.scan("corpus").filter(pl.col("recipe") == recipe).select(pl.col("night").max()).collect().item()
    )
    if night is None:
        raise ConfigError(f"Recipe {recipe} has no corpus yet. Make a night first: `r1data run`.")
    return night


def _tell(progress: Progress) -> None:
    numbers = asdict(progress)
    if numbers["step"] % 10 == 0 or numbers["step"] == numbers["steps"]:
        log.info("student_sft: step %s of %s, loss %.3f", numbers["step"], numbers["steps"], numbers["loss"])
