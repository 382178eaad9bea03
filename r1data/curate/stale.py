"""What is out of date: rollouts that lack a fact under the current version of what makes it, and traces whose
prompt is spoken of otherwise by now.
"""

import polars as pl

from r1data.curate import dedup
from r1data.curate import language as language_stage
from r1data.curate import pii as pii_stage
from r1data.curate import readability as readability_stage
from r1data.curate.current import current_references, of_nights, own_prompts, own_references
from r1data.curate.decontaminate import version as contamination_version
from r1data.curate.tokens import uncounted
from r1data.judge.stage import wanted as unasked
from r1data.lake import Lake
from r1data.recipe import Recipe
from r1data.schema.prompts import ATTRIBUTES
from r1data.verify.reward_model import model_of, unread
from r1data.verify.run import pending as unverified


def stale(lake: Lake, recipe: Recipe) -> pl.DataFrame:
    """Count the rollouts that each stage would work on if its night were materialised now.

    Returns:
        night, stage (an asset's name), n_rollouts (Int64); one row per night and stage with something to do.
    """
    rollouts = of_nights(lake.scan("rollouts"))
    items, verdicts = lake.scan("benchmarks"), lake.scan("verdicts")
    comparison = contamination_version(items, recipe.contamination)
    compared = (
        lake.scan("contamination").filter(pl.col("version") == comparison).select(rollout_id="subject_id")
    )
    prompts = lake.scan("prompts")
    references = own_references(lake.scan("prompt_references"), recipe.name)
    todo = {
        "verdicts": _unjudged(lake, recipe, unverified(rollouts, prompts, references, verdicts)),
        "duplicates": dedup.pending(rollouts, lake.scan("signatures"), recipe.duplicates),
        "judgements": unasked(lake, None, recipe).unique("rollout_id"),
        "language": _without(rollouts, lake.scan("language"), language_stage.VERSION),
        "readability": _without(rollouts, lake.scan("readability"), readability_stage.VERSION),
        "pii": _unmarked(rollouts, lake.scan("pii")),
        "contamination": rollouts.join(compared, on="rollout_id", how="anti"),
        "token_counts": uncounted(
            lake.scan("selected").filter(recipe=recipe.name), lake.scan("token_counts"), recipe
        ),
        "corpus": _otherwise(lake, recipe.name, "corpus"),
        "cold_start_refined": _by_older_references(lake, recipe.name, references),
        "cold_start": _otherwise(lake, recipe.name, "cold_start"),
    }
    counted = [
        rows.group_by("night").agg(stage=pl.lit(stage), n_rollouts=pl.len().cast(pl.Int64))
        for stage, rows in todo.items()
    ]
    return pl.concat(counted).collect().sort("night", "stage")


def _otherwise(lake: Lake, recipe: str, table: str) -> pl.LazyFrame:
    """The recipe's rows of a table of whose prompts its sources say something else by now."""
    accepted = lake.scan(table).filter(recipe=recipe)
    same = ["prompt_id", *(name for name in ATTRIBUTES if name in accepted.collect_schema())]
    own = own_prompts(lake.scan("prompts"), lake.scan("intake"), recipe)
    return accepted.join(own, on=same, how="anti", nulls_equal=True)


def _by_older_references(lake: Lake, recipe: str, references: pl.LazyFrame) -> pl.LazyFrame:
    """The recipe's refinements that were judged before the reference of their question was corrected."""
    versions = current_references(references).select("prompt_id", "reference_version")
    refined = lake.scan("cold_start_refined").filter(recipe=recipe).join(versions, on="prompt_id")
    now = versions.select(original_prompt_id="prompt_id", now="reference_version")
    return refined.join(now, on="original_prompt_id").filter(pl.col("reference_version") != pl.col("now"))


def _unjudged(lake: Lake, recipe: Recipe, by_rule: pl.LazyFrame) -> pl.LazyFrame:
    """Rollouts that a rule or the recipe's reward model has not judged."""
    columns, model = ["night", "rollout_id"], model_of(recipe)
    unread_by_it = [unread(lake, None, model.revision).select(columns)] if model else []
    return pl.concat([by_rule.select(columns), *unread_by_it]).unique("rollout_id")


def _without(rollouts: pl.LazyFrame, facts: pl.LazyFrame, version: str) -> pl.LazyFrame:
    return rollouts.join(facts.filter(pl.col("version") == version), on="rollout_id", how="anti")


def _unmarked(rollouts: pl.LazyFrame, pii: pl.LazyFrame) -> pl.LazyFrame:
    """Rollouts that were not searched for personal data, or whose prompts were not."""
    searched = pii.filter(pl.col("version") == pii_stage.VERSION).select("subject_id")
    whole = rollouts.join(searched, left_on="rollout_id", right_on="subject_id", how="semi").join(
        searched, left_on="prompt_id", right_on="subject_id", how="semi"
    )
    return rollouts.join(whole, on="rollout_id", how="anti")
