"""Rollouts beside the night's own plan: by another teacher, for cold start."""

from dataclasses import dataclass

import polars as pl

from r1data.curate.measure import (
    measure_contamination,
    measure_language,
    measure_pii,
    measure_readability,
)
from r1data.generate.engines.replay.engine import available
from r1data.generate.journal import journal_path
from r1data.generate.night import Asked, Made, make_rollouts
from r1data.generate.planning.plan import plan
from r1data.generate.rollout import Progress
from r1data.generate.teachers import model_of, teacher_row, with_template
from r1data.recipe import Generate, Recipe, load_teacher
from r1data.verify.stored import Store, judge_night


@dataclass(frozen=True)
class Aside:
    """What was planned and what came of it."""

    planned: pl.DataFrame
    """Table `plan`."""
    made: Made


def ask(
    store: Store,
    intake: pl.LazyFrame,
    recipe: Recipe,
    generate: Generate,
    *,
    night: str,
    run: str,
    lake_root: str,
    on_progress: Progress = lambda summary: None,
) -> Aside:
    """Plan, make, judge and measure the rollouts that one teacher is asked for beside the night's plan.

    They are planned, journalled and stored as the night's are, so a finished one is never made again.

    Args:
        store: the lake.
        intake: recipe, night, prompt_id, kept: the prompts that are asked.
        recipe: its section [verify] says how verdicts are made.
        generate: who is asked and how.
        night: YYYY-MM-DD.
        run: name of the run, for table `engine_runs`.
        lake_root: where the lake is, which names the journal.
        on_progress: called after every look at the engine.

    Raises:
        ConfigError, OfflineError, RunInProgress, EngineError: see `make_rollouts` and `model_of`.
    """
    teacher = load_teacher(generate.teacher)
    model = with_template(model_of(teacher), teacher)
    row = teacher_row(teacher, model, night)
    store.append("teachers", row)
    teacher_id = row["teacher_id"].item()
    planned = plan(
        intake,
        store.scan("rollouts"),
        night=night,
        recipe=recipe.name,
        teacher_id=teacher_id,
        n=generate.rollouts_per_prompt,
        max_tokens=generate.max_tokens,
        retry_max_tokens=generate.retry_max_tokens,
        available=available(generate),
    ).collect()
    made = make_rollouts(
        planned.lazy(),
        store,
        recipe.model_copy(update={"generate": generate}),
        Asked(teacher, model, teacher_id, night, run),
        journal_path(lake_root, recipe.name, night, teacher_id),
        on_progress=on_progress,
    )
    for _ in judge_night(store, night, recipe):
        pass
    measure_language(store, night)
    measure_readability(store, night)
    measure_pii(store, night)
    measure_contamination(store, night, recipe.contamination)
    return Aside(planned, made)
