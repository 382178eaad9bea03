"""What a night takes in, before anything is published: prompts, references, comparisons, what may be asked.

taken = take_in(lake.scan, recipe, night="2026-01-01", now=datetime.now(UTC))
lake.append("prompts", taken.prompts)
"""

from dataclasses import dataclass
from datetime import date, datetime

import orjson
import polars as pl

from r1data.curate.current import current_contamination, current_references, own_references
from r1data.curate.decontaminate import contamination
from r1data.curate.measure import prompt_subjects
from r1data.generate.engines.replay.engine import check_replay
from r1data.generate.render import render
from r1data.generate.teachers import model_of
from r1data.lake.overlay import Scan
from r1data.prompts import intake, quality, questions
from r1data.prompts.duplicates import numbers_key, same_problems
from r1data.prompts.inbox import arrivals
from r1data.prompts.length import check_fits
from r1data.prompts.quotas import within_quotas, without_licence
from r1data.recipe import PromptSource, Recipe, load_teacher
from r1data.text import prompt_text


@dataclass(frozen=True)
class TakenIn:
    """What the stage `prompts` publishes."""

    questions: pl.DataFrame
    """Rows of `r1data.prompts.QUESTIONS`, copies included."""
    prompts: pl.DataFrame
    """Rows of table `prompts`, one per prompt, stored ones included."""
    prompt_references: pl.DataFrame
    """References that are not current yet, with their quality."""
    contamination: pl.DataFrame
    """Comparisons of prompts with the benchmarks that are not stored yet."""
    intake: pl.DataFrame
    """All of tonight's rows of table `intake`."""
    thresholds: pl.DataFrame
    """What of the recipe views go by."""
    inbox: pl.DataFrame
    """Tonight's rows of table `inbox`, stored ones included."""

    def tables(self) -> dict[str, pl.DataFrame]:
        """Frames by the table that they belong to."""
        names = ("inbox", "prompts", "prompt_references", "contamination", "intake", "thresholds")
        return {name: getattr(self, name) for name in names}


def held_out(recipe: Recipe, *, night: str) -> pl.DataFrame:
    """Rows of table `benchmarks`: what the recipe keeps out of its prompts; the same items on every night."""
    items = questions(recipe.benchmarks, night=None, start=recipe.start).lazy()
    return intake.benchmarks(items, night=night).collect()


def take_in(scan: Scan, recipe: Recipe, *, night: str, now: datetime) -> TakenIn:
    """Ask the recipe's sources for a night, and mark what may not be asked; publishes nothing.

    Args:
        scan: `benchmarks` with tonight's items, `prompt_references`, `contamination`, `inbox` are read.
        recipe: sources and thresholds.
        night: the night, YYYY-MM-DD.
        now: when new references count as added, in UTC.

    Raises:
        ConfigError, InputError: a source cannot give what is asked, or a prompt is longer than the context.
        SandboxError: programs are to be judged, and no sandbox works here.
        OfflineError: the teacher's tokenizer is not on this machine.
    """
    arrived = arrivals(recipe, scan, night=night, check=lambda one: _check_lengths(one.lazy(), recipe))
    rows = questions(recipe.prompts, night=date.fromisoformat(night), start=recipe.start, arrived=arrived)
    asked = rows.lazy()
    _check_lengths(asked, recipe)
    check_replay(recipe.generate, load_teacher(recipe.generate.teacher), asked)
    known = scan("prompt_references")
    optional = [source.name for source in recipe.prompts if source.allow_missing_reference]
    required = [source.name for source in recipe.prompts if not source.allow_missing_reference]
    named = intake.references(asked, recipe=recipe.name, night=night, added_at=now, required=required)
    own = own_references(known, recipe.name)
    before = _earlier(scan, asked, current_references(own), recipe, night)
    doubts = quality.doubts(rows, before).join(named.collect(), on="prompt_id", how="semi")
    checked = intake.changed(named, doubts, known, recipe=recipe, night=night)
    stored, compared = _compare(asked, scan, recipe, night)
    # What a source without references gives may be asked, also if another one wanted a reference before.
    may_be_empty = asked.filter(pl.col("source").is_in(optional)).select("prompt_id")
    current = current_references(own_references(pl.concat([known, checked.lazy()]), recipe.name))
    allowed = current.filter(pl.col("quality") == "empty").join(may_be_empty, on="prompt_id", how="semi")
    marked = intake.intake(
        asked,
        pl.concat([stored, compared.lazy()]),
        current.join(allowed, on="prompt_id", how="anti"),
        recipe=recipe.name,
        night=night,
        doubts=doubts,
    ).collect()
    marked = intake.without_repeated(marked, _repeated(marked, asked, before, current, recipe))
    if recipe.licence_required:
        marked = without_licence(marked)
    marked = within_quotas(marked, recipe, night=night)
    prompts = intake.prompts(asked, night=night).collect()
    thresholds = intake.thresholds(recipe, night)
    return TakenIn(rows, prompts, checked, compared, marked, thresholds, inbox=arrived)


def _earlier(
    scan: Scan, asked: pl.LazyFrame, references: pl.LazyFrame, recipe: Recipe, night: str
) -> pl.DataFrame:
    """Columns COPY of what this recipe kept on earlier nights, from the first night on; only prompts with the
    numbers of one of tonight's, since no others can be the same problem.
    """
    mine = (pl.col("recipe") == recipe.name) & (pl.col("night") < night) & pl.col("kept")
    before = scan("intake").filter(mine & pl.col("source").is_in(_compared(recipe))).sort("night")
    texts = asked.filter(pl.col("source").is_in(_compared(recipe))).select("messages").collect()
    keys = {numbers_key(prompt_text(messages)) for messages in texts["messages"]}
    near = before.filter(pl.col("numbers_key").is_null() | pl.col("numbers_key").is_in(list(keys)))
    return _with_texts(near, scan("prompts"), references)


def _repeated(
    marked: pl.DataFrame, asked: pl.LazyFrame, before: pl.DataFrame, references: pl.LazyFrame, recipe: Recipe
) -> pl.DataFrame:
    """Which of tonight's prompts ask what another one or an earlier night's asks, as `same_problems` says."""
    kept = marked.lazy().filter(pl.col("kept") & pl.col("source").is_in(_compared(recipe)))
    both = pl.concat([before, _with_texts(kept, asked, references)])
    rows = both.unique("prompt_id", keep="first", maintain_order=True)
    told = rows.select("verifier", "verifier_args", "reference").rows()

    def same_answer(one: int, other: int) -> bool | None:
        (name, args, answer), (*judged_by, other_answer) = told[one], told[other]
        return [name, args] == judged_by and quality.agree(name, answer, other_answer, orjson.loads(args))

    twins = same_problems(rows, same_answer=same_answer)
    return twins.join(before, on="prompt_id", how="anti")


def _compared(recipe: Recipe) -> list[str]:
    return [source.name for source in recipe.prompts if source.compares]


def _with_texts(marked: pl.LazyFrame, prompts: pl.LazyFrame, references: pl.LazyFrame) -> pl.DataFrame:
    """Columns COPY of prompts in their order; the reference is null where none is known."""
    found = (
        marked.select("prompt_id")
        .unique(keep="first", maintain_order=True)
        .join(
            prompts.select("prompt_id", "messages").unique("prompt_id"), on="prompt_id", maintain_order="left"
        )
        .join(
            references.select("prompt_id", "reference", "verifier", "verifier_args"),
            on="prompt_id",
            how="left",
            maintain_order="left",
        )
        .collect()
    )
    text = pl.Series("text", [prompt_text(messages) for messages in found["messages"]], dtype=pl.String)
    return found.with_columns(text).select(quality.COPY)


def computed_texts(start: date) -> list[str]:
    """Texts of the templates that are never benchmark items: prompts of a recipe's first night."""
    source = PromptSource(name="computed", source="templates")
    rows = questions([source], night=start, start=start)
    return [prompt_text(messages) for messages in rows["messages"]]


def _compare(
    asked: pl.LazyFrame, scan: Scan, recipe: Recipe, night: str
) -> tuple[pl.LazyFrame, pl.DataFrame]:
    """Comparisons with the benchmarks as they are: those that are stored, and those that were not."""
    items = scan("benchmarks")
    stored = current_contamination(scan("contamination"), items, recipe.contamination)
    subjects = prompt_subjects(asked.with_columns(night=pl.lit(night)))
    todo = subjects.join(stored, on="subject_id", how="anti", maintain_order="left")
    return stored, contamination(todo, items, recipe.contamination)


def _check_lengths(asked: pl.LazyFrame, recipe: Recipe) -> None:
    """Raise InputError if a prompt does not fit into the teacher's context, before anything is published."""
    teacher = load_teacher(recipe.generate.teacher)
    tokenizer = model_of(teacher).path / "tokenizer.json"
    if not tokenizer.is_file():
        return  # the engine measures with the tokenizer that it has, and rejects what does not fit row by row
    rows = asked.select("origin", "messages", "family").collect().iter_rows(named=True)
    rendered = (
        (row["origin"], [message["content"] for message in render(teacher, row["messages"], row["family"])])
        for row in rows
    )
    check_fits(rendered, tokenizer, context_tokens=recipe.generate.context_tokens)
