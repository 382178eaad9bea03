"""The rollouts of a night: what the plan wants and the lake lacks, made by the recipe's engine."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from r1data.curate.current import own_references
from r1data.generate.accounting import Summary, engine_run
from r1data.generate.attempts import attempts
from r1data.generate.budget import Budget
from r1data.generate.engines import ENGINES
from r1data.generate.journal import Journal
from r1data.generate.judging import Judging, Store
from r1data.generate.models import ModelFolder
from r1data.generate.planning.todo import settled, skipped, standings, todo, wanted
from r1data.generate.queue import Queue
from r1data.generate.rollout import Progress, recover, run
from r1data.recipe import Budget as Limits
from r1data.recipe import Recipe, Teacher
from r1data.verify.right import right_rollouts


@dataclass(frozen=True)
class Asked:
    """Who is asked, and under which names the rollouts are stored."""

    teacher: Teacher
    model: ModelFolder
    """With the teacher's chat template."""
    teacher_id: str
    night: str
    run: str
    """Name of the run, for table `engine_runs`."""


@dataclass(frozen=True)
class Made:
    """What came of a night."""

    summary: Summary | None
    """None when nothing was left to make, so that no engine was started."""
    replayed: int
    """Rollouts that a run which was cut short had finished."""
    skipped: pl.DataFrame
    """Table `skipped`."""


def make_rollouts(
    plan: pl.LazyFrame,
    store: Store,
    recipe: Recipe,
    asked: Asked,
    journal_file: Path,
    *,
    on_progress: Progress = lambda summary: None,
) -> Made:
    """Make what is missing of a plan; rollouts, verdicts of an adaptive night, and the run are published.

    Args:
        plan: table `plan`, of this recipe and night.
        store: the lake.
        recipe: its section [generate] says how.
        asked: teacher, night and names.
        journal_file: where finished rollouts are kept until they are published.
        on_progress: called after every look at the engine.

    Raises:
        RunInProgress: another process makes this night's rollouts.
        EngineError, StorageError: see `run`; what is finished stays.
    """
    generate = recipe.generate
    with ExitStack() as stack:
        journal = stack.enter_context(Journal(journal_file))
        judging = stack.enter_context(Judging(store, recipe)) if generate.adaptive else None

        def publish(frame: pl.DataFrame) -> None:
            store.append("rollouts", frame)
            if judging:
                judging.publish()

        replayed = len(recover(journal, publish))
        queue, known = _queue(plan, store, recipe, asked, judging)
        summary = None
        if queue.begins():
            engine = stack.enter_context(ENGINES[generate.engine](generate, asked.model))
            summary = Summary(replayed=replayed)
            try:
                run(
                    queue,
                    engine,
                    journal,
                    publish,
                    prices=generate.prices,
                    judge=judging,
                    segment_s=generate.segment_s,
                    on_progress=on_progress,
                    summary=summary,
                )
            finally:
                if judging:
                    judging.publish()
                store.append("engine_runs", _engine_run(summary, engine.name, recipe, asked))
        else:
            journal.remove()
    left_out = skipped(plan, store.scan("rollouts"), known | queue.settled, queue.ended)
    return Made(summary, replayed, left_out)


def _queue(
    plan: pl.LazyFrame, store: Store, recipe: Recipe, asked: Asked, judging: Judging | None
) -> tuple[Queue, dict[str, str]]:
    """The queue of what is missing, and the prompts that were settled before."""
    rule = recipe.generate.adaptive
    rows = todo(plan, store.scan("rollouts"))
    tonight = store.scan("rollouts", asked.night).join(plan, on="rollout_id", how="semi")
    spent = tonight.select("prompt_id", "prompt_tokens", "completion_tokens", "cost_usd", "elapsed_s")
    limited = recipe.generate.budget != Limits()
    budget = Budget(recipe.generate, spent.collect().iter_rows(named=True) if limited else ())
    known: dict[str, str] = {}
    found = {}
    if judging and rule:
        mine = store.scan("rollouts").filter(pl.col("teacher_id") == asked.teacher_id)
        mine = mine.join(plan, on="prompt_id", how="semi")
        judging.catch_up(mine)
        references = own_references(store.scan("prompt_references"), recipe.name)
        right = right_rollouts(mine, store.scan("verdicts"), references)
        found = standings(mine, right)
        known = settled(found, rule)
        rows = wanted(rows, known, rule)
    truncated = rows.filter(pl.col("parent_finish") == "length").select("retry_of").collect()
    queue = Queue(
        attempts(rows, store.scan("prompts"), asked.teacher, rule),
        budget=budget,
        adaptive=rule,
        standings=found,
        truncated=truncated["retry_of"].to_list(),
    )
    return queue, known


def _engine_run(summary: Summary, engine: str, recipe: Recipe, asked: Asked) -> pl.DataFrame:
    return engine_run(
        summary,
        run=asked.run,
        night=asked.night,
        recipe=recipe.name,
        teacher_id=asked.teacher_id,
        engine=engine,
        prices=recipe.generate.prices,
    )
