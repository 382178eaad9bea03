"""Verbs that walk from a base to a reasoning model: loop."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from r1data.cli.execute import run_stages
from r1data.cli.night import checked_night
from r1data.cli.options import Json, NightOption
from r1data.lake import Lake
from r1data.recipe import load_loop, load_recipe, load_student
from r1data.recipe.loop import Loop
from r1data.recipe.training import JOBS_OF
from r1data.report import show
from r1data.train.student import current_student

log = logging.getLogger("r1data")


def add(app: typer.Typer) -> None:
    """Add the verbs of this file."""
    app.command()(loop)


def loop(
    name: Annotated[str, typer.Argument(help="A file of recipes/loops, without its suffix.")] = "toy",
    night: NightOption = None,
    json: Json = False,
) -> None:
    """Walk a loop such as R1's: fine-tune, reinforce, sample anew with what came of it, fine-tune again from
    the base, reinforce again; what was done before is not done again.
    """
    wanted = load_loop(name)
    run_stages(list(_stages(wanted, night)), on_stage=lambda number: _tell(wanted, number))
    show.frame(_fared(wanted), as_json=json, title=f"Loop {name}", if_none="The loop has no students.")


def _stages(wanted: Loop, night: str | None) -> Iterator[tuple[str, str, Path]]:
    """Jobs with their partitions and recipes; all are read before the first one runs."""
    for stage in wanted.stages:
        recipe = load_recipe(stage.file)
        if stage.student:
            yield JOBS_OF[load_student(stage.student).trainer], stage.student, stage.file
        else:
            yield "night", checked_night(night, recipe), stage.file


def _tell(wanted: Loop, number: int) -> None:
    stage = wanted.stages[number]
    log.info(
        "stage %s of %s, %s: %s", number + 1, len(wanted.stages), stage.student or stage.recipe, stage.what
    )


def _fared(wanted: Loop) -> pl.DataFrame:
    """One row per student: stage, student, trainer, steps, seconds and, in percent with a 95 % interval,
    pass@1, or how many held-out pairs a reward model tells right.
    """
    from r1data.evaluate.estimate import Estimate
    from r1data.evaluate.result import result_of  # slow to load, and the other verbs do without it

    lake, rows = Lake(), []
    for number, stage in enumerate(wanted.stages, 1):
        if stage.student:
            student = load_student(stage.student)
            trained = current_student(lake.scan("students"), student.name)
            numbers = {key: trained.row[key] for key in ("trainer", "steps", "elapsed_s")}
            told = {"pass_at_1": None, "pairs_right": None}
            if student.trainer != "reward_model":
                result = result_of(lake, student, load_recipe(stage.file))
                told["pass_at_1"] = result.student.metrics.pass_at_1.percent()
            elif heldout := trained.heldout:
                right = Estimate(heldout["accuracy"], heldout["low"], heldout["high"])
                told["pairs_right"] = right.percent()
            rows.append({"stage": number, "student": student.name, **numbers, **told})
    return pl.DataFrame(rows, infer_schema_length=None)
