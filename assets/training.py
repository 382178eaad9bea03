"""Group *training*, by student: what it reads, and what became of it."""

import logging
from dataclasses import asdict
from datetime import UTC, datetime

import dagster as dg
import polars as pl

from assets.metadata import described, markdown, picture, row_count
from assets.partitions import STUDENTS
from assets.resources import LakeResource, RecipeResource
from r1data import paths
from r1data.errors import ConfigError
from r1data.generate.models import resolve
from r1data.lake import Lake
from r1data.recipe import load_student
from r1data.report.plots import loss_curve
from r1data.train.exports import EXPORTS
from r1data.train.job import Progress
from r1data.train.mix import READS, mix_rows, mix_text
from r1data.train.student import current_row, train_student

log = logging.getLogger("r1data")
ALL_NIGHTS = dg.AssetDep("corpus", partition_mapping=dg.AllPartitionMapping())


@dg.asset(partitions_def=STUDENTS, deps=[ALL_NIGHTS], group_name="training", kinds={"duckdb"})
def sft_data(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """The traces that the student's mix chooses from all nights, exported once for TRL and never changed."""
    student = load_student(context.partition_key)
    rows = mix_rows(lake.open(), student.mix, recipe=recipe.read().name)
    made = EXPORTS["trl"](rows, paths.home() / "exports", inputs=lake.open().versions(READS))
    log.info("sft_data: %s traces of mix %s", f"{made.n_rows:,}", student.mix)
    return dg.MaterializeResult(
        metadata={
            **row_count(made.n_rows),
            "completion_tokens": made.completion_tokens,
            "prompts": rows["prompt_id"].n_unique(),
            "mix": markdown(f"```sql\n{mix_text(student.mix).strip()}\n```"),
            "digest": made.digest,
            "folder": dg.MetadataValue.path(str(made.folder)),
            "licences": dg.MetadataValue.json(made.licences),
            "terms": dg.MetadataValue.json(made.terms),
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
    opened = lake.open()
    student = load_student(context.partition_key)
    inputs = opened.versions(READS)
    name = recipe.read().name
    rows = mix_rows(opened, student.mix, recipe=name)
    log.info("student_sft … %s on %s traces", student.name, f"{rows.height:,}")
    trained = train_student(
        student,
        rows,
        base=resolve(student.base, student.revision),
        recipe_name=name,
        mix=mix_text(student.mix),
        inputs=inputs,
        on_progress=_tell,
    )
    row = trained.row
    before_it = current_row(opened.scan("students"), student.name)
    if before_it is None or before_it["run_key"] != row["run_key"]:
        frame = trained.frame(latest_night(opened, name), trained_at=datetime.now(UTC))
        opened.append("students", frame, run=context.run.run_id, inputs=inputs)
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
