"""Group *prompts*: what must never leak, and what may be asked tonight."""

from datetime import UTC, datetime

import dagster as dg
import polars as pl

from assets.metadata import counts, described, markdown
from assets.partitions import NIGHTS
from assets.resources import LakeResource, RecipeResource
from assets.stage import Stage
from r1data.prompts.quotas import by_domain, domains_markdown
from r1data.prompts.tonight import held_out, take_in
from r1data.text import prompt_text


@dg.asset(
    partitions_def=NIGHTS,
    group_name="prompts",
    kinds={"python", "deltalake"},
    metadata=described("benchmarks"),
)
def benchmarks(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """Evaluation items that must never leak into training; the same on every night."""
    stage = Stage(context, lake, recipe)
    stage.append("benchmarks", held_out(stage.recipe, night=stage.night))
    held = stage.scan("benchmarks").collect()
    return stage.report("benchmarks", items=held.height, **counts(held, "benchmark", "items_"))


@dg.asset(
    partitions_def=NIGHTS,
    deps=["benchmarks"],
    group_name="prompts",
    kinds={"python", "deltalake"},
    metadata=described("intake"),
)
def prompts(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """Tonight's prompts with their references; contaminated and repeated ones, and those with unusable
    references, are marked and not asked.
    """
    stage = Stage(context, lake, recipe, replaces="intake")
    taken = take_in(stage.scan, stage.recipe, night=stage.night, now=datetime.now(UTC))
    stage.append("inbox", taken.inbox)
    new_prompts = stage.append("prompts", taken.prompts)
    stage.append("prompt_references", taken.prompt_references)
    stage.append("contamination", taken.contamination)
    stage.replace("intake", taken.intake)
    stage.replace("thresholds", taken.thresholds)
    marked, first = taken.intake, taken.questions["messages"].head(1).to_list()
    domains = by_domain(stage.scan, stage.recipe.name, stage.night)
    broken = taken.inbox.filter(pl.col("error").is_not_null())
    return stage.report(
        "intake",
        broken_files=markdown("\n\n".join(broken["error"])) if broken.height else None,
        domains=markdown(domains_markdown(domains)),
        new_prompts=new_prompts.n_rows,
        kept=marked["kept"].sum(),
        copies=marked["n_copies"].sum() - marked.height,
        example=markdown(prompt_text(first[0])) if first else None,
        **counts(marked, "reason", "marked_"),
        **counts(marked, "source", "source_"),
    )
