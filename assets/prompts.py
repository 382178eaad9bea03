"""Group *prompts*: what must never leak, and what may be asked tonight."""

from datetime import UTC, date, datetime

import dagster as dg
import polars as pl

from assets.metadata import counts, described, markdown
from assets.partitions import NIGHTS
from assets.resources import LakeResource, RecipeResource
from assets.stage import Stage
from r1data.curate.decontaminate import contamination
from r1data.curate.decontaminate import version as contamination_version
from r1data.generate.models import resolve
from r1data.generate.render import render
from r1data.prompts import intake as taken_in
from r1data.prompts import questions
from r1data.prompts.length import check_fits
from r1data.recipe import Recipe, load_teacher
from r1data.schema import TABLES
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
    items = questions(stage.recipe.benchmarks, night=None, start=stage.recipe.start).lazy()
    stage.append("benchmarks", taken_in.benchmarks(items, night=stage.night))
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
    """Tonight's prompts with their references; contaminated ones and those with unusable references are
    marked, not asked.
    """
    stage = Stage(context, lake, recipe, replaces="intake")
    night = stage.night
    asked = questions(stage.recipe.prompts, night=date.fromisoformat(night), start=stage.recipe.start).lazy()
    _check_lengths(asked, stage.recipe)
    key = list(TABLES["prompt_references"].key)
    known = stage.scan("prompt_references").select(key)
    new = taken_in.references(asked, night=night, added_at=datetime.now(UTC)).join(known, on=key, how="anti")
    checked = taken_in.with_quality(
        new, workers=stage.recipe.verify.workers, timeout_s=stage.recipe.verify.timeout_s
    )
    items = stage.scan("benchmarks")
    settings = stage.recipe.contamination
    version = contamination_version(items, ngram_words=settings.ngram_words)
    subjects = prompt_subjects(asked.with_columns(night=pl.lit(night)))
    known_facts = stage.scan("contamination").filter(pl.col("version") == version)
    todo = subjects.join(known_facts, on="subject_id", how="anti", maintain_order="left")
    facts = contamination(todo, items, version=version, ngram_words=settings.ngram_words).collect()
    new_prompts = stage.append("prompts", taken_in.prompts(asked, night=night))
    stage.append("prompt_references", checked)
    stage.append("contamination", facts)
    marked = taken_in.intake(
        asked,
        stage.scan("contamination").filter(pl.col("version") == version),
        stage.scan("prompt_references"),
        recipe=stage.recipe.name,
        night=night,
    ).collect()
    first = asked.head(1).collect()["messages"].to_list()
    stage.replace("intake", marked)
    return stage.report(
        "intake",
        new_prompts=new_prompts.n_rows,
        kept=marked["kept"].sum(),
        copies=marked["n_copies"].sum() - marked.height,
        example=markdown(prompt_text(first[0])) if first else None,
        **counts(marked, "reason", "marked_"),
        **counts(marked, "source", "source_"),
    )


def prompt_subjects(prompts: pl.LazyFrame) -> pl.LazyFrame:
    """What of prompts is compared with benchmarks: subject, subject_id, night, text; one row per prompt."""
    text = pl.col("messages").list.eval(pl.element().struct.field("content")).list.join("\n")
    columns = {"subject": pl.lit("prompt"), "subject_id": "prompt_id", "night": "night", "text": text}
    return prompts.select(**columns).unique("subject_id", keep="first", maintain_order=True)


def _check_lengths(asked: pl.LazyFrame, recipe: Recipe) -> None:
    """Raise InputError if a prompt does not fit into the teacher's context, before anything is published."""
    teacher = load_teacher(recipe.generate.teacher)
    model = resolve(teacher.model, teacher.revision, allow_code=teacher.allow_model_code)
    tokenizer = model.path / "tokenizer.json"
    if not tokenizer.is_file():
        return  # the engine measures with the tokenizer that it has, and rejects what does not fit row by row
    rows = asked.select("origin", "messages", "family").collect().iter_rows(named=True)
    rendered = (
        (row["origin"], [message["content"] for message in render(teacher, row["messages"], row["family"])])
        for row in rows
    )
    check_fits(rendered, tokenizer, context_tokens=recipe.generate.context_tokens)
