"""Group *rollouts*: who is asked what tonight, and what came back."""

import time
from collections.abc import Callable

import dagster as dg
import polars as pl

from assets.metadata import counts, described, markdown
from assets.partitions import NIGHTS
from assets.resources import LakeResource, RecipeResource
from assets.stage import Stage, log
from r1data.generate import ENGINES
from r1data.generate.attempts import attempts
from r1data.generate.journal import Journal, journal_path
from r1data.generate.models import resolve
from r1data.generate.plan import missing
from r1data.generate.plan import plan as plan_night
from r1data.generate.rollout import Summary, run
from r1data.generate.teachers import teacher_row, with_template
from r1data.recipe import load_teacher

PROGRESS_S = 15


@dg.asset(
    partitions_def=NIGHTS,
    deps=["prompts"],
    group_name="rollouts",
    kinds={"polars", "deltalake"},
    metadata=described("plan"),
)
def plan(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """The rollouts that this night must make, and why: kept prompts × attempts, minus what other nights have
    stored.
    """
    stage = Stage(context, lake, recipe, replaces="plan")
    generate = stage.recipe.generate
    teacher = load_teacher(generate.teacher)
    model = resolve(teacher.model, teacher.revision, allow_code=teacher.allow_model_code)
    row = teacher_row(teacher, model, stage.night)
    stage.append("teachers", row)
    wanted = plan_night(
        stage.scan_own("intake"),
        stage.scan("rollouts"),
        night=stage.night,
        recipe=stage.recipe.name,
        teacher_id=row["teacher_id"].item(),
        n=generate.rollouts_per_prompt,
        max_tokens=generate.max_tokens,
    ).collect()
    todo = missing(wanted.lazy(), stage.scan("rollouts", stage.night)).select(pl.len()).collect().item()
    stage.replace("plan", wanted)
    return stage.report(
        "plan",
        missing=todo,
        prompts=wanted["prompt_id"].n_unique(),
        completion_tokens_at_most=wanted["max_tokens"].sum(),
        **counts(wanted, "reason", "reason_"),
    )


@dg.asset(
    partitions_def=NIGHTS,
    deps=["plan"],
    group_name="rollouts",
    kinds={"vllm", "deltalake"},
    pool="gpu",
    metadata=described("rollouts"),
)
def rollouts(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """What the teacher wrote, one row per attempt; only planned rollouts that are not stored yet are made."""
    stage = Stage(context, lake, recipe)
    generate = stage.recipe.generate
    teacher = load_teacher(generate.teacher)
    model = resolve(teacher.model, teacher.revision, allow_code=teacher.allow_model_code)
    model = with_template(model, teacher)
    todo = missing(stage.scan_own("plan"), stage.scan("rollouts")).collect()
    teacher_id = teacher_row(teacher, model, stage.night)["teacher_id"].item()
    numbers = {}
    path = journal_path(stage.lake.root, stage.recipe.name, stage.night, teacher_id)
    if todo.height or path.exists():
        with Journal(path) as journal, ENGINES[generate.engine](generate, model) as engine:
            made = run(
                attempts(todo.lazy(), stage.scan("prompts"), teacher),
                engine,
                journal,
                lambda frame: stage.append("rollouts", frame),
                segment_s=generate.segment_s,
                on_progress=_progress(todo.height),
            )
        numbers = {
            "completion_tokens": made.completion_tokens,
            "prompt_tokens": made.prompt_tokens,
            "tokens_per_s": round(made.tokens_per_s, 1),
            "replayed": made.replayed,
            "redone": made.redone,
        }
    held = stage.scan("rollouts", stage.night).collect()
    one = held.filter(pl.col("finish_reason") == "stop").head(1)["completion"].to_list()
    return stage.report(
        "rollouts",
        example=markdown(one[0]) if one else None,
        **numbers,
        **counts(held, "finish_reason", "finish_"),
    )


def _progress(planned: int) -> Callable[[Summary], None]:
    """Log how far the engine is, every PROGRESS_S seconds."""
    began = last = time.monotonic()

    def tell(summary: Summary) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= PROGRESS_S:
            last = now
            rate = summary.rollouts / (now - began)
            left = (planned - summary.rollouts) / rate if rate else float("inf")
            done = f"{summary.rollouts:,} of {planned:,}"
            log.info("rollouts: %s, %.1f a second, %.0f s to go", done, rate, left)

    return tell
