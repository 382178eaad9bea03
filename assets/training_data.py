"""Group *training*, by student: what it reads, exported once and never changed."""

import logging

import dagster as dg

from assets.metadata import markdown, row_count
from assets.partitions import STUDENTS
from assets.resources import LakeResource, RecipeResource
from r1data.errors import ConfigError
from r1data.generate.models import folder_of, read_folder
from r1data.recipe import Recipe, Student, load_student
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
    check_judged(student, read)
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


def check_judged(student: Student, recipe: Recipe) -> None:
    """Raise, before hours of training, if a student cannot be asked afterwards.

    Raises:
        ConfigError: the recipe has no such benchmark, or the base reads less than the student is to read.
    """
    folder = folder_of(student.base, student.revision)
    base = read_folder(folder, "any").context_tokens  # a given revision spares hashing all weights
    wanted = {f"max_tokens under [{student.trainer}]": getattr(student, student.trainer).max_tokens}
    if student.trainer != "reward_model":
        wanted["context_tokens under [evaluate]"] = student.evaluate.context_tokens
        known = {benchmark.name for benchmark in recipe.benchmarks}
        if student.evaluate.benchmark not in known:
            raise ConfigError(
                f"Student {student.name} is judged by benchmark {student.evaluate.benchmark}, and recipe "
                f"{recipe.name} has {', '.join(sorted(known)) or 'none'}. Add a [[benchmarks]] of that name, "
                "or change benchmark under [evaluate] of the student."
            )
    for what, n in wanted.items():
        if base is not None and n > base:
            raise ConfigError(
                f"{student.base} reads {base:,} tokens (max_position_embeddings of its config.json), and "
                f"{what} of student {student.name} is {n:,}. Lower that, or take a base that reads more."
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
