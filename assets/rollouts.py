"""Group *rollouts*: who is asked what tonight, and what came back."""

import dagster as dg
import polars as pl

from assets.metadata import counts, described, markdown
from assets.partitions import NIGHTS
from assets.resources import LakeResource, RecipeResource
from assets.stage import Stage
from r1data.generate.accounting import Summary
from r1data.generate.journal import journal_path
from r1data.generate.night import Asked, make_rollouts
from r1data.generate.planning.plan import missing
from r1data.generate.planning.tonight import plan_tonight
from r1data.generate.teachers import model_of, teacher_row, with_template
from r1data.recipe import load_teacher
from r1data.report.progress import RolloutProgress


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
    stored, unsolved prompts of before, and retries.
    """
    stage = Stage(context, lake, recipe, replaces="plan")
    teacher = load_teacher(stage.recipe.generate.teacher)
    row = teacher_row(teacher, model_of(teacher), stage.night)
    stage.append("teachers", row)
    wanted = plan_tonight(stage.scan, stage.recipe, stage.night, row["teacher_id"].item()).collect()
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
    stage = Stage(context, lake, recipe, replaces="skipped")
    generate = stage.recipe.generate
    teacher = load_teacher(generate.teacher)
    model = with_template(model_of(teacher), teacher)
    teacher_id = teacher_row(teacher, model, stage.night)["teacher_id"].item()
    planned = stage.scan_own("plan")
    left = missing(planned, stage.scan("rollouts")).select(pl.len()).collect().item()
    with RolloutProgress(left) as progress:
        made = make_rollouts(
            planned,
            stage,
            stage.recipe,
            Asked(teacher, model, teacher_id, stage.night, stage.run),
            journal_path(stage.lake.root, stage.recipe.name, stage.night, teacher_id),
            on_progress=progress,
        )
    stage.replace("skipped", made.skipped)
    held = stage.scan("rollouts", stage.night).select("finish_reason").collect()
    one = stage.scan("rollouts", stage.night).filter(finish_reason="stop").head(1).collect()
    return stage.report(
        "rollouts",
        example=markdown(one["completion"].item()) if one.height else None,
        replayed=made.replayed,
        **_numbers(made.summary),
        **counts(made.skipped, "reason", "skipped_"),
        **counts(held, "finish_reason", "finish_"),
    )


def _numbers(summary: Summary | None) -> dict[str, float | str | None]:
    """Numbers of the run for the UI; nothing when no engine was needed."""
    if summary is None:
        return {}
    rounded = {
        "tokens_per_s": summary.tokens_per_s,
        "busy_share": summary.busy_share,
        "queue_depth": summary.queue_depth,
        "cost_usd": summary.cost_usd,
    }
    return {
        "prompt_tokens": summary.prompt_tokens,
        "cached_tokens": summary.cached_tokens,
        "completion_tokens": summary.completion_tokens,
        "retries": summary.retries,
        "redone": summary.redone,
        "duplicates_dropped": summary.duplicates,
        "ended_by": summary.ended_by,
        **{name: None if value is None else round(value, 4) for name, value in rounded.items()},
    }
