"""Group *rejection*: what verifiers say of every rollout."""

import dagster as dg
import polars as pl

from assets.metadata import counts, described
from assets.partitions import NIGHTS
from assets.resources import LakeResource, RecipeResource
from assets.stage import Stage
from r1data.verify import BY_FORM, reward_model
from r1data.verify.stored import judge_night


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
    rollout, and what the recipe's reward model makes of it.
    """
    stage = Stage(context, lake, recipe)
    for _ in judge_night(stage, stage.night, stage.recipe):
        pass
    held = stage.scan("verdicts", stage.night).collect()
    by_rule = held.filter(~pl.col("verifier").is_in([*BY_FORM, reward_model.NAME]))
    return stage.report(
        "verdicts",
        **counts(by_rule, "verdict", "rule_"),
        **counts(held, "reason", "reason_"),
        ms_median=held["elapsed_ms"].median(),
        ms_max=held["elapsed_ms"].max(),
    )
