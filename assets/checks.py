"""One blocking check per stage: what must hold of a night before the next stage may build on it."""

from collections.abc import Callable

import dagster as dg
import polars as pl

from assets.resources import LakeResource, RecipeResource
from r1data.curate import language as language_stage
from r1data.curate import pii as pii_stage
from r1data.curate import readability as readability_stage
from r1data.curate.current import latest_reviews, of_nights
from r1data.curate.decontaminate import version as contamination_version
from r1data.curate.decontaminate.measure import measure
from r1data.curate.dedup import algorithm
from r1data.curate.tokens import uncounted
from r1data.evaluate.asks import asks_of
from r1data.evaluate.attempts import missing
from r1data.evaluate.evaluate import items_of
from r1data.evaluate.items import asked_items
from r1data.lake import Lake
from r1data.prompts.tonight import computed_texts
from r1data.recipe import Recipe, load_student
from r1data.train.student import current_student

Found = tuple[int, str]
"""How many rows are amiss, and one sentence."""


def _passed(found: Found, **metadata: float) -> dg.AssetCheckResult:
    amiss, sentence = found
    return dg.AssetCheckResult(passed=amiss == 0, description=sentence, metadata={"amiss": amiss, **metadata})


def _partition(context: dg.AssetCheckExecutionContext) -> str:
    """The partition of the run; checks with partitions of their own are a preview in this Dagster."""
    return context.run.tags["dagster/partition"]


def _count(frame: pl.LazyFrame) -> int:
    return frame.select(pl.len()).collect().item()


def _mine(lake: Lake, recipe: Recipe, night: str, table: str) -> pl.LazyFrame:
    return lake.scan(table, night).filter(pl.col("recipe") == recipe.name)


def _of_version(table: str, version: str, key: str = "rollout_id") -> Callable[[Lake, Recipe], pl.LazyFrame]:
    return lambda lake, recipe: lake.scan(table).filter(pl.col("version") == version).select(rollout_id=key)


def _every_rollout(asset: str, facts: Callable[[Lake, Recipe], pl.LazyFrame]) -> dg.AssetChecksDefinition:
    """A check that every rollout of the night has a current fact of a stage; `facts` has a column
    rollout_id.
    """

    @dg.asset_check(
        asset=asset,
        name=f"every_rollout_has_{asset}",
        blocking=True,
        description=f"No rollout of the night lacks {asset}.",
    )
    def check(
        context: dg.AssetCheckExecutionContext, lake: LakeResource, recipe: RecipeResource
    ) -> dg.AssetCheckResult:
        opened = lake.open()
        rollouts = of_nights(opened.scan("rollouts", _partition(context)))
        lacking = _count(rollouts.join(facts(opened, recipe.read()), on="rollout_id", how="anti"))
        return _passed((lacking, f"{lacking} rollouts lack {asset}. Materialise `{asset}` again."))

    return check


@dg.asset_check(asset="benchmarks", blocking=True)
def benchmarks_have_items(
    context: dg.AssetCheckExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.AssetCheckResult:
    """Every benchmark of the recipe has items with a reference."""
    held = lake.open().scan("benchmarks").filter(pl.col("reference").is_not_null()).collect()
    empty = [b.name for b in recipe.read().benchmarks if b.name not in set(held["benchmark"])]
    return _passed((len(empty), f"Benchmarks without items: {empty or 'none'}."))


@dg.asset_check(asset="benchmarks", blocking=True)
def planted_items_are_found(
    context: dg.AssetCheckExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.AssetCheckResult:
    """Decontamination finds items of the benchmarks that are planted in other formats, and finds none in
    clean texts.
    """
    own = recipe.read()
    names = [benchmark.name for benchmark in own.benchmarks]
    items = lake.open().scan("benchmarks").filter(pl.col("benchmark").is_in(names)).collect()
    # Computed texts are clean unless a benchmark is computed, too: then some are its items by other names.
    clean = [] if any(one.source == "templates" for one in own.benchmarks) else computed_texts(own.start)
    measured = measure(items, clean, own.contamination)
    told = {
        f"{'recall' if planted else 'false_hits'}_{kind}": share
        if n
        else dg.MetadataValue.text("not measured")
        for kind, planted, n, _, share in measured.kinds.iter_rows()
    }
    return dg.AssetCheckResult(
        passed=not measured.faults,
        description=" ".join(measured.faults)
        or "Every kind that was measured is within the recipe's limits.",
        metadata=told,
    )


@dg.asset_check(asset="prompts", blocking=True)
def no_kept_prompt_is_a_benchmark_item(
    context: dg.AssetCheckExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.AssetCheckResult:
    """No prompt that may be asked is an item of a benchmark, and there are prompts to ask."""
    opened = lake.open()
    kept = _mine(opened, recipe.read(), _partition(context), "intake").filter("kept")
    leaked = _count(kept.join(opened.scan("benchmarks"), left_on="prompt_id", right_on="item_id", how="semi"))
    n_kept = _count(kept)
    amiss = leaked + (n_kept == 0)
    return _passed((amiss, f"{n_kept} prompts kept, {leaked} of them items of a benchmark."), kept=n_kept)


def _all_made(asset: str) -> dg.AssetChecksDefinition:
    """A check that what a step of cold start asked for is stored, and that what it rejects has a reason."""

    @dg.asset_check(
        asset=asset,
        name=f"every_one_of_{asset}_is_stored",
        blocking=True,
        description="Everything that was asked for is stored or was skipped for a reason, and so is kept.",
    )
    def check(
        context: dg.AssetCheckExecutionContext, lake: LakeResource, recipe: RecipeResource
    ) -> dg.AssetCheckResult:
        opened = lake.open()
        rows = _mine(opened, recipe.read(), _partition(context), asset)
        absent = rows.join(opened.scan("rollouts"), on="rollout_id", how="anti")
        lacking = _count(absent.filter(pl.col("reasons").list.contains("skipped:not_made")))
        mute = _count(rows.filter(pl.col("kept") != (pl.col("reasons").list.len() == 0)))
        return _passed(
            (lacking + mute, f"{lacking} are not stored, {mute} have no reason. Materialise `{asset}` again.")
        )

    return check


@dg.asset_check(asset="cold_start", blocking=True)
def cold_start_has_only_approved_rows(
    context: dg.AssetCheckExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.AssetCheckResult:
    """Every row was approved by its latest review, unless the recipe needs none, and none was rejected."""
    opened, own = lake.open(), recipe.read()
    rows = _mine(opened, own, _partition(context), "cold_start")
    latest = latest_reviews(opened.scan("reviews")).select("rollout_id", "verdict")
    judged = rows.join(latest, on="rollout_id", how="left")
    free = own.cold_start is not None and not own.cold_start.needs_approval
    amiss = _count(judged.filter(~pl.col("verdict").is_in(["approve", "edit"]).fill_null(free)))
    return _passed((amiss, f"{amiss} rows lack an approval. Materialise `cold_start` again."))


@dg.asset_check(asset="plan", blocking=True)
def plan_asks_only_kept_prompts(
    context: dg.AssetCheckExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.AssetCheckResult:
    """Every planned rollout is of a prompt that may be asked, tonight's or an unsolved one of before, by a
    teacher that is on record.
    """
    opened, night, own = lake.open(), _partition(context), recipe.read()
    planned = _mine(opened, own, night, "plan")
    tonight = _mine(opened, own, night, "intake")
    earlier = opened.scan("intake").filter((pl.col("recipe") == own.name) & (pl.col("night") < night))
    before = earlier.join(tonight, on="prompt_id", how="anti")
    kept = pl.concat([tonight, before]).filter("kept")
    strays = _count(planned.join(kept, on="prompt_id", how="anti"))
    strangers = _count(planned.join(opened.scan("teachers"), on="teacher_id", how="anti"))
    return _passed(
        (strays + strangers, f"{strays} rollouts of unkept prompts, {strangers} by unknown teachers.")
    )


@dg.asset_check(asset="rollouts", blocking=True)
def every_planned_rollout_is_stored(
    context: dg.AssetCheckExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.AssetCheckResult:
    """Everything that the plan wants is stored, or was left out for a reason."""
    opened, night = lake.open(), _partition(context)
    planned = _mine(opened, recipe.read(), night, "plan")
    left_out = _mine(opened, recipe.read(), night, "skipped")
    made = planned.join(opened.scan("rollouts"), on="rollout_id", how="anti")
    lacking = _count(made.join(left_out, on="rollout_id", how="anti"))
    return _passed(
        (lacking, f"{lacking} planned rollouts are not stored. Materialise `rollouts` again: it goes on."),
        skipped=_count(left_out),
    )


@dg.asset_check(asset="selected", blocking=True)
def every_rollout_of_the_plan_is_accounted_for(
    context: dg.AssetCheckExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.AssetCheckResult:
    """Each planned rollout is accepted, or rejected with a stage and a reason, or was left out for one."""
    opened, night = lake.open(), _partition(context)
    marked = _mine(opened, recipe.read(), night, "selected")
    left_out = _mine(opened, recipe.read(), night, "skipped")
    planned = _mine(opened, recipe.read(), night, "plan").join(left_out, on="rollout_id", how="anti")
    lost = _count(planned.join(marked, on="rollout_id", how="anti"))
    mute = _count(
        marked.filter(~pl.col("accepted") & (pl.col("stage").is_null() | (pl.col("reasons").list.len() == 0)))
    )
    return _passed(
        (lost + mute, f"{lost} planned rollouts are not marked, {mute} are rejected without a reason.")
    )


@dg.asset_check(asset="token_counts", blocking=True)
def every_accepted_trace_is_counted(
    context: dg.AssetCheckExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.AssetCheckResult:
    """No accepted trace of the night lacks its tokens, where the student's tokenizer is on this machine."""
    opened, own, night = lake.open(), recipe.read(), _partition(context)
    accepted = _mine(opened, own, night, "selected")
    left = _count(uncounted(accepted, opened.scan("token_counts", night), own))
    return _passed((left, f"{left} traces are not counted. Materialise `token_counts` again."))


@dg.asset_check(asset="corpus", blocking=True)
def corpus_is_what_was_accepted(
    context: dg.AssetCheckExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.AssetCheckResult:
    """The corpus has exactly the accepted traces, each with a thought, an answer and full marks; prompts of
    domain general need no thought, and a judge may be content with less than full marks.
    """
    opened, night = lake.open(), _partition(context)
    rows = _mine(opened, recipe.read(), night, "corpus")
    accepted = _mine(opened, recipe.read(), night, "selected").filter("accepted")
    lost = _count(accepted.join(rows, on="rollout_id", how="anti"))
    whole = (
        ((pl.col("reasoning").str.len_chars() > 0) | (pl.col("domain") == "general"))
        & (pl.col("answer").str.len_chars() > 0)
        & ((pl.col("reward") == 1) | (pl.col("decided_by") == "judge"))
    )
    broken = _count(rows.filter(~whole.fill_null(False)))
    return _passed(
        (
            lost + broken,
            f"{lost} accepted traces are missing, {broken} lack a thought, an answer or full marks.",
        )
    )


@dg.asset_check(asset="evaluations", blocking=True)
def every_item_was_asked_k_times(
    context: dg.AssetCheckExecutionContext, lake: LakeResource, recipe: RecipeResource
) -> dg.AssetCheckResult:
    """Every item of the benchmark has k attempts by the student and by each model beside it."""
    opened, student = lake.open(), load_student(_partition(context))
    trained = current_student(opened.scan("students"), student.name)
    read = recipe.read()
    asks = asks_of(student, trained, read.generate)
    items = items_of(asked_items(opened.scan("benchmarks"), read, asks), student.evaluate.benchmark)
    stored, models = opened.scan("evaluations"), asks.models.values()
    short = sum(missing(items, ask.student_id, ask.how.k, stored).height for ask in models)
    return _passed((short, f"{short} attempts are missing. Materialise `evaluations` again."))


every_cold_start_rollout_is_stored = _all_made("cold_start_rollouts")
every_cold_start_refinement_is_stored = _all_made("cold_start_refined")
every_rollout_has_verdicts = _every_rollout(
    "verdicts", lambda lake, recipe: lake.scan("verdicts").select("rollout_id").unique()
)
every_rollout_has_duplicates = _every_rollout(
    "duplicates",
    lambda lake, recipe: lake.scan("signatures").filter(pl.col("algorithm") == algorithm(recipe.duplicates)),
)
every_rollout_has_language = _every_rollout("language", _of_version("language", language_stage.VERSION))
every_rollout_has_readability = _every_rollout(
    "readability", _of_version("readability", readability_stage.VERSION)
)
every_rollout_has_pii = _every_rollout("pii", _of_version("pii", pii_stage.VERSION, "subject_id"))
every_rollout_has_contamination = _every_rollout(
    "contamination",
    lambda lake, recipe: (
        lake.scan("contamination")
        .filter(pl.col("version") == contamination_version(lake.scan("benchmarks"), recipe.contamination))
        .select(rollout_id="subject_id")
    ),
)
