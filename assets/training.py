"""Group *training*, by student: its training, and what came back."""

import logging
import warnings
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
import orjson
import polars as pl
from dagster._utils.warnings import PreviewWarning

from assets.metadata import described, markdown, picture
from assets.partitions import STUDENTS
from assets.resources import LakeResource, RecipeResource
from assets.training_data import check_trainer, exported, grpo_data, preference_data, sft_data
from r1data.errors import ConfigError
from r1data.generate.models import resolve
from r1data.lake import Lake
from r1data.recipe import load_student
from r1data.report.plots import training_curve
from r1data.train.job import WRITTEN, Progress
from r1data.train.launchers import LAUNCHERS
from r1data.train.mix import load_mix
from r1data.train.preference import models_of
from r1data.train.student import TrainedStudent, current_row, make_current, train_student

log = logging.getLogger("r1data")
TELL_EVERY = 10
"""Steps between two lines of the log."""
N_WRITTEN = 2
"""Completions that the UI shows, the last ones."""
ALWAYS = {"partitions_def": STUDENTS, "group_name": "training", "pool": "trainer"}


@dg.asset(**ALWAYS, deps=[sft_data], kinds={"pytorch", "huggingface"}, metadata=described("students"))
def student_sft(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """The student, fine-tuned by TRL on its mix; the same rows and settings are never trained twice."""
    return _trained(context, lake, recipe, "sft")


@dg.asset(**ALWAYS, deps=[grpo_data], kinds={"pytorch", "huggingface"}, metadata=described("students"))
def student_grpo(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """The student, trained by GRPO on prompts with verified answers; alarms stop a run that collapses."""
    return _trained(context, lake, recipe, "grpo")


@dg.asset(**ALWAYS, deps=[preference_data], kinds={"pytorch", "huggingface"}, metadata=described("students"))
def reward_model(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """A model that says which of two traces is better, trained on pairs."""
    return _trained(context, lake, recipe, "reward_model")


def _trained(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource, trainer: str
) -> dg.MaterializeResult:
    asset, opened, name = context.asset_key.to_user_string(), lake.open(), recipe.read().name
    student = load_student(context.partition_key)
    check_trainer(student.name, student.trainer, trainer)
    export = exported(context.instance, student.name, trainer)
    log.info("%s … %s on %s rows", asset, student.name, f"{export.n_rows:,}")
    with _pipes(context, here=not LAUNCHERS[student.launcher].outlives) as environment:
        trained = train_student(
            student,
            export,
            base=resolve(student.base, student.revision),
            recipe_name=name,
            mix=load_mix(student.mix).sql,
            models=models_of(student),
            on_progress=lambda progress: _tell(asset, progress),
            environment=environment,
        )
    row = trained.row
    before_it = current_row(opened.scan("students"), student.name)
    if before_it is None or before_it["run_key"] != row["run_key"]:
        frame = trained.frame(latest_night(opened, name), trained_at=datetime.now(UTC))
        opened.append("students", frame, run=context.run.run_id, inputs=export.inputs)
    make_current(trained)
    what = "loss" if row["first_reward"] is None else "reward"
    before = " (trained before)" if trained.cached else ""
    numbers = row["steps"], what, row[f"first_{what}"], row[f"last_{what}"], row["elapsed_s"], before
    log.info("%s: %s steps, %s %.2f → %.2f, %.0f s%s", asset, *numbers)
    return dg.MaterializeResult(
        metadata=_told(trained, student.name), data_version=dg.DataVersion(row["run_key"])
    )


@contextmanager
def _pipes(context: dg.AssetExecutionContext, *, here: bool) -> Iterator[Mapping[str, str]]:
    """Variables by which a trainer on this machine speaks into this run's events, by Dagster Pipes."""
    if not here:
        yield {}
        return
    with TemporaryDirectory(prefix="r1data-pipes-") as folder:
        reader = dg.PipesFileMessageReader(str(Path(folder) / "messages"))
        injector = dg.PipesEnvContextInjector()
        opened = dg.open_pipes_session(context.op_execution_context, injector, reader)
        with ExitStack() as stack:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", PreviewWarning)  # of Dagster's own call of its own reader
                session = stack.enter_context(opened)
            yield session.get_bootstrap_env_vars()


def _told(trained: TrainedStudent, name: str) -> dict[str, object]:
    """What came back, as metadata: numbers, the curve, and what the student writes, or prefers."""
    row = trained.row
    numbers = (
        *("n_rows", "n_rows_too_long", "steps", "first_loss", "last_loss", "first_reward", "last_reward"),
        *("elapsed_s", "gpu_hours", "peak_memory_bytes", "run_key", "revision"),
    )
    written = trained.model.path.parent / WRITTEN
    told: dict[str, object] = {
        "cached": trained.cached,
        "folder": dg.MetadataValue.path(str(trained.model.path)),
        "curve": picture(training_curve(trained.curve, title=name), "curve"),
        **{key: row[key] for key in numbers if row[key] is not None},
    }
    told |= {f"heldout_{key}": value for key, value in trained.heldout.items()}
    if written.is_file():
        with written.open("rb") as lines:
            last = map(orjson.loads, deque(lines, maxlen=N_WRITTEN))
        shown = "\n\n".join(f"**{one['prompt'].strip()}**\n\n{one['completion'].strip()}" for one in last)
        told["writes"] = markdown(shown.replace("\n", "  \n"))  # Markdown breaks a line there
    return told


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


def _tell(asset: str, progress: Progress) -> None:
    if progress.step % TELL_EVERY == 0 or progress.step == progress.steps:
        main = {name: progress.numbers[name] for name in ("loss", "reward") if name in progress.numbers}
        told = ", ".join(f"{name} {value:.3f}" for name, value in main.items())
        log.info("%s: step %s of %s, %s", asset, progress.step, progress.steps, told)
