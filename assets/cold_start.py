"""Group *cold_start*: long thoughts, refined by a model, approved by people; by hand, not every night."""

import dagster as dg
import polars as pl

from assets.metadata import counts, described, markdown
from assets.partitions import NIGHTS
from assets.resources import LakeResource, RecipeResource
from assets.stage import Stage
from r1data.curate.cold_start import chosen, mark_refined, mark_rollouts, references_of, requests
from r1data.curate.cold_start import cold_start as approved
from r1data.generate.aside import Aside, ask
from r1data.recipe import Generate
from r1data.schema import TABLES


@dg.asset(
    partitions_def=NIGHTS,
    deps=["prompts"],
    group_name="cold_start",
    kinds={"vllm", "deltalake"},
    pool="gpu",
    metadata=described("cold_start_rollouts"),
)
def cold_start_rollouts(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """Long thoughts of the cold-start teacher, each kept for refinement or marked with what is against it."""
    stage = Stage(context, lake, recipe, replaces="cold_start_rollouts")
    settings = stage.recipe.cold_start
    if settings is None:
        return _none(stage, "cold_start_rollouts")
    asked_before = stage.scan("cold_start_rollouts").filter(recipe=stage.recipe.name)
    intake = chosen(stage.scan_own("intake"), asked_before, night=stage.night, n=settings.n_prompts)
    asked = _ask(stage, intake, settings.rollouts)
    marked = mark_rollouts(stage, asked.planned, asked.made.skipped, stage.recipe)
    stage.replace("cold_start_rollouts", marked)
    return stage.report(
        "cold_start_rollouts",
        kept=marked["kept"].sum(),
        prompts=marked["prompt_id"].n_unique(),
        replayed=asked.made.replayed,
        **counts(marked, "stage", "dropped_"),
    )


@dg.asset(
    partitions_def=NIGHTS,
    deps=["cold_start_rollouts"],
    group_name="cold_start",
    kinds={"vllm", "deltalake"},
    pool="gpu",
    metadata=described("cold_start_refined"),
)
def cold_start_refined(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """Thoughts rewritten by the refiner, with a summary; judged again, kept for review or marked."""
    stage = Stage(context, lake, recipe, replaces="cold_start_refined")
    settings = stage.recipe.cold_start
    if settings is None:
        return _none(stage, "cold_start_refined")
    kept = stage.scan_own("cold_start_rollouts").filter("kept").collect()
    wanted = requests(stage, kept, settings, recipe=stage.recipe.name)
    stage.append("prompts", wanted.select(TABLES["prompts"].schema.names()))
    stage.append("prompt_references", references_of(stage, wanted, recipe=stage.recipe.name))
    intake = wanted.lazy().select("night", "prompt_id", recipe=pl.lit(stage.recipe.name), kept=pl.lit(True))
    asked = _ask(stage, intake, settings.refine)
    marked = mark_refined(stage, asked.planned, asked.made.skipped, wanted, stage.recipe)
    stage.replace("cold_start_refined", marked)
    return stage.report(
        "cold_start_refined",
        kept=marked["kept"].sum(),
        refined=wanted.height,
        replayed=asked.made.replayed,
        **counts(marked, "stage", "dropped_"),
    )


@dg.asset(
    partitions_def=NIGHTS,
    deps=["cold_start_refined"],
    group_name="cold_start",
    kinds={"polars", "deltalake"},
    metadata=described("cold_start"),
)
def cold_start(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """Refined traces that people approved (`r1data review`), ready for a mix."""
    stage = Stage(context, lake, recipe, replaces="cold_start")
    settings = stage.recipe.cold_start
    if settings is None:
        return _none(stage, "cold_start")
    refined = stage.scan_own("cold_start_refined")
    rows = approved(stage, refined, stage.scan_own("intake"), settings, recipe=stage.recipe.name)
    stage.replace("cold_start", rows)
    unseen = refined.filter("kept").join(stage.scan("reviews"), on="rollout_id", how="anti")
    return stage.report(
        "cold_start",
        not_reviewed=unseen.select(pl.len()).collect().item(),
        needs_approval=settings.needs_approval,
        example=markdown(rows["text"][0]) if rows.height else None,
    )


def _ask(stage: Stage, intake: pl.LazyFrame, generate: Generate) -> Aside:
    return ask(
        stage,
        intake,
        stage.recipe,
        generate,
        night=stage.night,
        run=stage.run,
        lake_root=stage.lake.root,
    )


def _none(stage: Stage, table: str) -> dg.MaterializeResult:
    """What a recipe without cold start publishes: an empty partition."""
    stage.replace(table, TABLES[table].empty())
    return stage.report(table, said=f"Recipe {stage.recipe.name} has no section [cold_start].")
