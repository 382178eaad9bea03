"""What a night would make, from the lake as it is: the plan, also before anything of the night is stored."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from r1data.curate.current import (
    current_contamination,
    current_references,
    deciding_verdicts,
    of_nights,
    own_prompts,
    own_references,
)
from r1data.generate.engines.replay.engine import available
from r1data.generate.planning.plan import plan
from r1data.generate.planning.unsolved import unsolved
from r1data.generate.teachers import model_of, teacher_row
from r1data.lake.overlay import Scan, overlaid
from r1data.prompts.tonight import held_out, take_in
from r1data.recipe import Recipe, load_teacher


@dataclass(frozen=True)
class DryRun:
    """A night that was planned and not published."""

    recipe: Recipe
    night: str
    scan: Scan
    """The lake as it would be once the night's prompts are published."""
    teacher_id: str
    plan: pl.DataFrame
    """Table `plan` of the night."""


def dry_run(scan: Scan, recipe: Recipe, *, night: str, now: datetime) -> DryRun:
    """Plan a night as its run would, without publishing anything.

    Raises:
        ConfigError, InputError: what a run would be refused for.
        OfflineError: the teacher's model, which is part of the teacher's identity, is not on this machine.
    """
    partition = {"recipe": recipe.name, "night": night}
    with_items = overlaid(scan, {"benchmarks": held_out(recipe, night=night)}, partition)
    taken = take_in(with_items, recipe, night=night, now=now)
    after = overlaid(with_items, taken.tables(), partition)
    teacher = load_teacher(recipe.generate.teacher)
    row = teacher_row(teacher, model_of(teacher), night)
    teacher_id = row["teacher_id"].item()
    return DryRun(recipe, night, after, teacher_id, plan_tonight(after, recipe, night, teacher_id).collect())


def plan_tonight(scan: Scan, recipe: Recipe, night: str, teacher_id: str) -> pl.LazyFrame:
    """Table `plan` of a night whose prompts are taken in.

    Args:
        scan: intake, rollouts and what is known of both are read, all nights.
        recipe: how often whom to ask.
        night: the night, YYYY-MM-DD.
        teacher_id: content address of the recipe's teacher.
    """
    generate = recipe.generate
    return plan(
        scan("intake"),
        scan("rollouts"),
        night=night,
        recipe=recipe.name,
        teacher_id=teacher_id,
        n=generate.rollouts_per_prompt,
        max_tokens=generate.max_tokens,
        retry_max_tokens=generate.retry_max_tokens,
        available=available(generate),
        again=_again(scan, recipe, night, teacher_id) if generate.unsolved.prompts_per_night else None,
    )


def _again(scan: Scan, recipe: Recipe, night: str, teacher_id: str) -> pl.LazyFrame:
    """Attempts at prompts that are unsolved by the facts as they are."""
    rollouts, references = scan("rollouts"), own_references(scan("prompt_references"), recipe.name)
    before = of_nights(rollouts).filter(pl.col("night") < night)
    verdicts = deciding_verdicts(before, scan("verdicts"), references)
    leaked = current_contamination(scan("contamination"), scan("benchmarks"), recipe.contamination).filter(
        pl.col("contaminated") & (pl.col("subject") == "prompt")
    )
    # What is left to a judge, no attempt solves by rule, however good it is.
    undecided = pl.col("quality").is_not_null() | (pl.col("verifier") == "judge")
    bad = current_references(references).filter(undecided)
    own = own_prompts(scan("prompts"), scan("intake"), recipe.name)
    bare = own.filter(pl.col("licence").is_null() & recipe.licence_required)
    return unsolved(
        scan("intake"),
        rollouts,
        solved=verdicts.filter(pl.col("verdict") == "right").select("prompt_id"),
        unfit=pl.concat(
            [leaked.select(prompt_id="subject_id"), bad.select("prompt_id"), bare.select("prompt_id")]
        ),
        night=night,
        recipe=recipe.name,
        teacher_id=teacher_id,
        settings=recipe.generate.unsolved,
    )
