"""Group *curation*: what is known of every trace, and which traces become the corpus."""

import dagster as dg
import polars as pl

from assets.metadata import counts, described, markdown
from assets.partitions import NIGHTS
from assets.resources import LakeResource, RecipeResource
from assets.stage import Stage
from r1data.curate import dedup
from r1data.curate.corpus import corpus as make_corpus
from r1data.curate.current import current_contamination, deciding_verdicts, own_prompts, own_references
from r1data.curate.gate import check_corpus
from r1data.curate.measure import (
    measure_contamination,
    measure_language,
    measure_pii,
    measure_readability,
)
from r1data.curate.select import select
from r1data.curate.tokens import by_student
from r1data.lake.query import fetch
from r1data.report.beside_r1 import beside_r1, beside_r1_markdown
from r1data.report.funnel import funnel_markdown


@dg.asset(
    partitions_def=NIGHTS,
    deps=["rollouts"],
    group_name="curation",
    kinds={"python", "deltalake"},
    metadata=described("duplicates"),
)
def duplicates(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """Pairs of near-duplicate traces, each checked exactly, over all nights; the twin is the earlier
    trace.
    """
    stage = Stage(context, lake, recipe)
    settings = stage.recipe.duplicates
    prompts = stage.scan("prompts")
    todo = dedup.pending(stage.scan("rollouts", stage.night), stage.scan("signatures"), settings)
    found = dedup.find(
        dedup.documents(todo, prompts, settings.scope),
        stage.scan("signatures"),
        dedup.documents(stage.scan("rollouts"), prompts, settings.scope),
        settings,
    )
    stage.append("duplicates", found.duplicates)
    stage.append("signatures", found.signatures)  # last: it says that the pairs of a trace are stored
    return stage.report(
        "duplicates",
        compared=found.signatures.height,
        candidates=found.n_candidates,
        deferred_bands=found.deferred.height,
        exact_copies=found.duplicates.filter(pl.col("jaccard") == 1.0)["rollout_id"].n_unique(),
    )


@dg.asset(
    partitions_def=NIGHTS,
    deps=["rollouts"],
    group_name="curation",
    kinds={"polars", "deltalake"},
    metadata=described("language"),
)
def language(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """How much of each trace is in the script of its prompt's language, and where other scripts stand."""
    stage = Stage(context, lake, recipe)
    measure_language(stage, stage.night)
    measures = stage.scan("language", stage.night).select("n_foreign_chars", "target_share")
    held = measures.collect()
    return stage.report(
        "language",
        mixed=held.filter(pl.col("n_foreign_chars") > 0).height,
        mean_target_share=held["target_share"].mean(),
    )


@dg.asset(
    partitions_def=NIGHTS,
    deps=["rollouts"],
    group_name="curation",
    kinds={"polars", "deltalake"},
    metadata=described("readability"),
)
def readability(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """Repetition, paragraph length, code blocks and tag errors of each trace."""
    stage = Stage(context, lake, recipe)
    measure_readability(stage, stage.night)
    columns = ("n_tag_errors", "repetition", "longest_paragraph_chars")
    held = stage.scan("readability", stage.night).select(columns).collect()
    return stage.report(
        "readability",
        with_tag_errors=held.filter(pl.col("n_tag_errors") > 0).height,
        mean_repetition=held["repetition"].mean(),
        longest_paragraph_chars=held["longest_paragraph_chars"].max(),
    )


@dg.asset(
    partitions_def=NIGHTS,
    deps=["rollouts"],
    group_name="curation",
    kinds={"polars", "deltalake"},
    metadata=described("pii"),
)
def pii(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """E-mail addresses, keys, telephone and account numbers in traces and their prompts, masked; exports drop
    what has one.
    """
    stage = Stage(context, lake, recipe)
    measure_pii(stage, stage.night)
    held = stage.scan("pii", stage.night)
    kinds = held.select("marks").explode("marks").drop_nulls().unnest("marks").collect()
    return stage.report(
        "pii", marked=held.filter(pl.col("n_marks") > 0).collect().height, **counts(kinds, "kind", "kind_")
    )


@dg.asset(
    partitions_def=NIGHTS,
    deps=["rollouts", "benchmarks"],
    group_name="curation",
    kinds={"python", "deltalake"},
    metadata=described("contamination"),
)
def contamination(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """Traces that hold a benchmark item, word for word, by a long run of words or nearly; prompts again if
    benchmarks changed.
    """
    stage = Stage(context, lake, recipe)
    items, settings = stage.scan("benchmarks"), stage.recipe.contamination
    measure_contamination(stage, stage.night, settings)
    held = current_contamination(stage.scan("contamination", stage.night), items, settings).collect()
    return stage.report(
        "contamination",
        benchmark_items=items.select(pl.len()).collect().item(),
        contaminated_prompts=held.filter(pl.col("subject") == "prompt")["contaminated"].sum(),
        contaminated_traces=held.filter(pl.col("subject") == "trace")["contaminated"].sum(),
    )


@dg.asset(
    partitions_def=NIGHTS,
    deps=["verdicts", "judgements", "duplicates", "language", "readability", "contamination"],
    group_name="curation",
    kinds={"polars", "deltalake"},
    metadata=described("selected"),
)
def selected(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """Every rollout of the night, accepted or rejected, with the first failing stage and all reasons."""
    stage = Stage(context, lake, recipe, replaces="selected")
    planned = stage.scan_own("plan").select("rollout_id")
    before = stage.scan("selected").filter(
        pl.col("accepted") & (pl.col("recipe") == stage.recipe.name) & (pl.col("night") < stage.night)
    )
    marked = select(
        stage.scan("rollouts", stage.night).join(planned, on="rollout_id", how="semi"),
        prompts=own_prompts(stage.scan("prompts"), stage.scan("intake"), stage.recipe.name),
        prompt_references=own_references(stage.scan("prompt_references"), stage.recipe.name),
        verdicts=stage.scan("verdicts", stage.night),
        judgements=stage.scan("judgements", stage.night),
        calibrations=stage.scan("calibrations"),
        reviews=stage.scan("reviews"),
        duplicates=stage.scan("duplicates"),
        language=stage.scan("language", stage.night),
        readability=stage.scan("readability", stage.night),
        contamination=current_contamination(
            stage.scan("contamination"), stage.scan("benchmarks"), stage.recipe.contamination
        ),
        accepted_before=before.select("rollout_id", "prompt_id"),
        recipe=stage.recipe,
    ).collect()
    marked = marked.with_columns(recipe=pl.lit(stage.recipe.name))
    stage.replace("selected", marked.select(stage.lake.scan("selected").collect_schema().names()))
    query = "select * from funnel where recipe = $recipe and night = $night order by position"
    return stage.report(
        "selected",
        accepted=marked["accepted"].sum(),
        funnel=markdown(funnel_markdown(fetch(stage.lake, query, stage.partition))),
        **counts(marked, "stage", "dropped_"),
        **counts(marked, "decided_by", "decided_by_"),
    )


@dg.asset(
    partitions_def=NIGHTS,
    deps=["selected", "token_counts"],
    group_name="curation",
    kinds={"polars", "deltalake", "parquet"},
    metadata=described("corpus"),
)
def corpus(
    context: dg.AssetExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.MaterializeResult:
    """Accepted traces with their text and every number that a mix needs."""
    stage = Stage(context, lake, recipe, replaces="corpus")
    references = own_references(stage.scan("prompt_references"), stage.recipe.name)
    chosen = stage.scan_own("selected")
    decided = chosen.select("rollout_id", "decided_by")
    made = stage.scan("rollouts", stage.night).join(decided, on="rollout_id", how="semi")
    own = deciding_verdicts(made, stage.scan("verdicts", stage.night), references).join(
        decided, on="rollout_id"
    )
    n_accepted = chosen.select(pl.col("accepted").sum()).collect().item()
    check_corpus(n_accepted, own, stage.recipe.checks, night=stage.night)
    rows = make_corpus(
        chosen,
        rollouts=stage.scan("rollouts"),
        prompts=own_prompts(stage.scan("prompts"), stage.scan("intake"), stage.recipe.name),
        prompt_references=references,
        teachers=stage.scan("teachers"),
        verdicts=stage.scan("verdicts"),
        reviews=stage.scan("reviews"),
        token_counts=by_student(stage.scan("token_counts", stage.night), stage.recipe),
    )
    stage.replace("corpus", rows, in_order=False)
    held = stage.lake.scan("corpus", stage.night).filter(pl.col("recipe") == stage.recipe.name)
    numbers = held.select("rollout_id", "prompt_id", "family", "completion_tokens", "pass_rate").collect()
    shortest = numbers.sort("completion_tokens", "rollout_id", nulls_last=True)["rollout_id"].head(1)
    example = held.filter(pl.col("rollout_id").is_in(shortest.to_list())).select("reasoning", "answer")
    shown = "\n\n".join(filter(None, [text for row in example.collect().rows() for text in row]))
    return stage.report(
        "corpus",
        prompts=numbers["prompt_id"].n_unique(),
        completion_tokens=numbers["completion_tokens"].sum(),
        mean_completion_tokens=numbers["completion_tokens"].mean(),
        mean_pass_rate=numbers["pass_rate"].mean(),
        beside_r1=markdown(beside_r1_markdown(beside_r1(stage.lake, stage.recipe.name))),
        example=markdown(shown) if shown else None,
        **counts(numbers, "family", "family_"),
    )
