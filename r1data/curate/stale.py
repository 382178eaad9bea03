"""What is out of date: rollouts that lack a fact under the current version of what makes it."""

import polars as pl

from r1data.curate import dedup
from r1data.curate import language as language_stage
from r1data.curate import readability as readability_stage
from r1data.curate.current import own_prompts, own_references
from r1data.curate.decontaminate import version as contamination_version
from r1data.lake import Lake
from r1data.recipe import Recipe
from r1data.schema.prompts import ATTRIBUTES
from r1data.verify.run import pending as unverified


def stale(lake: Lake, recipe: Recipe) -> pl.DataFrame:
    """Count the rollouts that each stage would work on if its night were materialised now.

    Returns:
        night, stage (an asset's name), n_rollouts (Int64); one row per night and stage with something to do.
    """
    rollouts = lake.scan("rollouts")
    items, verdicts = lake.scan("benchmarks"), lake.scan("verdicts")
    comparison = contamination_version(items, recipe.contamination)
    compared = (
        lake.scan("contamination").filter(pl.col("version") == comparison).select(rollout_id="subject_id")
    )
    prompts = lake.scan("prompts")
    references = own_references(lake.scan("prompt_references"), recipe.name)
    todo = {
        "verdicts": unverified(rollouts, prompts, references, verdicts).unique("rollout_id"),
        "duplicates": dedup.pending(rollouts, lake.scan("signatures"), recipe.duplicates),
        "language": _without(rollouts, lake.scan("language"), language_stage.VERSION),
        "readability": _without(rollouts, lake.scan("readability"), readability_stage.VERSION),
        "contamination": rollouts.join(compared, on="rollout_id", how="anti"),
        "corpus": _otherwise(lake, recipe.name),
    }
    counted = [
        rows.group_by("night").agg(stage=pl.lit(stage), n_rollouts=pl.len().cast(pl.Int64))
        for stage, rows in todo.items()
    ]
    return pl.concat(counted).collect().sort("night", "stage")


def _otherwise(lake: Lake, recipe: str) -> pl.LazyFrame:
    """The recipe's accepted traces of whose prompts its sources say by now something else than the corpus."""
    accepted = lake.scan("corpus").filter(recipe=recipe)
    same = ["prompt_id", *(name for name in ATTRIBUTES if name in accepted.collect_schema())]
    own = own_prompts(lake.scan("prompts"), lake.scan("intake"), recipe)
    return accepted.join(own, on=same, how="anti", nulls_equal=True)


def _without(rollouts: pl.LazyFrame, facts: pl.LazyFrame, version: str) -> pl.LazyFrame:
    return rollouts.join(facts.filter(pl.col("version") == version), on="rollout_id", how="anti")
