"""Group *curation*: how many tokens of the accepted traces a student reads."""

import logging

import dagster as dg
import polars as pl

from assets.metadata import described, markdown
from assets.partitions import NIGHTS
from assets.resources import LakeResource, RecipeResource
from assets.stage import Stage
from r1data.curate.tokens import by_student, measure_token_counts
from r1data.errors import GateError, OfflineError

log = logging.getLogger("r1data")


@dg.asset(
    partitions_def=NIGHTS,
    deps=["selected"],
    group_name="curation",
    kinds={"huggingface", "deltalake"},
    metadata=described("token_counts"),
)
def token_counts(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """How many tokens of each accepted trace the recipe's first student reads, by its own tokenizer."""
    stage = Stage(context, lake, recipe)
    chosen = stage.scan_own("selected")
    try:
        measure_token_counts(stage, chosen, stage.night, stage.recipe)
        problem = None if stage.recipe.students else "The recipe names no student."
    except (GateError, OfflineError) as error:  # a night without its student's tokenizer is still a night
        problem = str(error)
    if problem:
        log.warning("token_counts: nothing is counted. %s", problem)
        return stage.report("token_counts", not_counted=markdown(problem))
    own = chosen.filter("accepted").select("rollout_id")
    counted = by_student(stage.scan("token_counts", stage.night), stage.recipe)
    held = counted.join(own, on="rollout_id", how="semi").collect()
    return stage.report(
        "token_counts",
        completion_tokens=held["completion_tokens"].sum(),
        mean_completion_tokens=held["completion_tokens"].mean(),
        longest_tokens=held.select((pl.col("prompt_tokens") + pl.col("completion_tokens")).max()).item(),
        unreadable=held["completion_tokens"].null_count(),
    )
