"""Group *training*, by student: what it reads, exported once and never changed."""

import logging

import dagster as dg

from assets.metadata import markdown, row_count
from assets.partitions import STUDENTS
from assets.resources import LakeResource, RecipeResource
from r1data.errors import ConfigError
from r1data.evaluate.askable import check_askable
from r1data.recipe import load_student
from r1data.recipe.training import JOBS_OF
from r1data.train import exports
from r1data.train.equal_rows import export_for
from r1data.train.exports import Export
from r1data.train.exports.make import export_folder
from r1data.train.mix import load_mix
from r1data.train.student import FORMS

log = logging.getLogger("r1data")
DIGEST = "digest"
"""The metadata of an export by which the asset behind it finds the folder."""
DATA = {"sft": "sft_data", "grpo": "grpo_data", "reward_model": "preference_data"}
"""The asset that exports what a trainer reads."""


def of_all_nights(asset: str) -> dg.AssetDep:
    """A dependency of a student's asset on every night of another one."""
    return dg.AssetDep(asset, partition_mapping=dg.AllPartitionMapping())


READS = [of_all_nights("corpus"), of_all_nights("pii")]


@dg.asset(partitions_def=STUDENTS, deps=READS, group_name="training", kinds={"duckdb"})
def sft_data(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """The traces that the student's mix chooses from all nights, exported once for TRL and never changed."""
    return _made(context, lake, recipe, "sft")


@dg.asset(partitions_def=STUDENTS, deps=READS, group_name="training", kinds={"duckdb"})
def grpo_data(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """The prompts that the student's mix chooses from all nights, each with what verifies its answer."""
    return _made(context, lake, recipe, "grpo")


@dg.asset(partitions_def=STUDENTS, deps=READS, group_name="training", kinds={"duckdb"})
def preference_data(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """The pairs of a better and a worse trace that the student's mix chooses from all nights."""
    return _made(context, lake, recipe, "reward_model")


def _made(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource, trainer: str
) -> dg.MaterializeResult:
    asset, student, read = DATA[trainer], load_student(context.partition_key), recipe.read()
    check_trainer(student.name, student.trainer, trainer)
    check_askable(student, read)
    form = FORMS[trainer]
    fit = trainer == "sft"  # the other trainers leave out what is too long
    made = export_for(lake.open(), student, form=form, recipe=read, fit=fit)
    told = f", {made.n_dropped:,} left out" if made.n_dropped else ""
    log.info("%s: %s rows of mix %s%s", asset, f"{made.n_rows:,}", student.mix, told)
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


def check_trainer(student: str, its_own: str, trainer: str) -> None:
    """Raise if an asset of another trainer is asked for a student.

    Raises:
        ConfigError: names the job that trains it.
    """
    if its_own != trainer:
        raise ConfigError(
            f"Student {student} is trained by {its_own}, not by {trainer}. Launch job "
            f"{JOBS_OF[its_own]}, or `r1data train {student}`."
        )


def exported(instance: dg.DagsterInstance, student: str, trainer: str) -> Export:
    """The export that was made last for a student.

    Raises:
        ConfigError: none was made yet, or it is gone.
    """
    asset = dg.AssetKey(DATA[trainer])
    records = dg.AssetRecordsFilter(asset_key=asset, asset_partitions=[student])
    found = instance.fetch_materializations(records, limit=1).records
    made = found[0].asset_materialization if found else None
    folder = export_folder() / str(made.metadata[DIGEST].value) if made else None
    if folder is None or not folder.is_dir():
        raise ConfigError(
            f"There is no export for student {student}. Materialise `{DATA[trainer]}`, or "
            f"`r1data train {student}`."
        )
    return exports.read(folder)
