"""Group *rejection*: what verifiers say of every rollout."""

import dagster as dg
import polars as pl

from assets.metadata import counts, described
from assets.partitions import NIGHTS
from assets.resources import LakeResource, RecipeResource
from assets.stage import Stage
from r1data.verify.run import pending, verify_batches


@dg.asset(
    partitions_def=NIGHTS,
    deps=["rollouts"],
    group_name="rejection",
    kinds={"python", "deltalake"},
    metadata=described("verdicts"),
)
def verdicts(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """Right, wrong or unknown, with the reason: the prompt's own verifier, the form and the language of each
    rollout.
    """
    stage = Stage(context, lake, recipe)
    night = stage.scan("rollouts", stage.night)
    todo = pending(
        night, stage.scan("prompts"), stage.scan("prompt_references"), stage.scan("verdicts", stage.night)
    )
    settings = stage.recipe.verify
    for part in verify_batches(todo, workers=settings.workers, timeout_s=settings.timeout_s):
        stage.append("verdicts", part)
    held = stage.scan("verdicts", stage.night).collect()
    by_rule = held.filter(~pl.col("verifier").is_in(["format", "language"]))
    return stage.report(
        "verdicts",
        **counts(by_rule, "verdict", "rule_"),
        **counts(held, "reason", "reason_"),
        ms_median=held["elapsed_ms"].median(),
        ms_max=held["elapsed_ms"].max(),
    )
