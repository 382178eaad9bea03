"""What a night takes in, before anything is published: prompts, references, comparisons, what may be asked.

taken = take_in(lake.scan, recipe, night="2026-01-01", now=datetime.now(UTC))
lake.append("prompts", taken.prompts)
"""

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from r1data.curate.current import current_contamination, current_references
from r1data.curate.decontaminate import contamination
from r1data.generate.engines.replay.engine import check_replay
from r1data.generate.render import render
from r1data.generate.teachers import model_of
from r1data.lake.overlay import Scan
from r1data.prompts import intake, questions
from r1data.prompts.duplicates import same_problems
from r1data.prompts.inbox import arrivals
from r1data.prompts.length import check_fits
from r1data.prompts.quotas import within_quotas, without_licence
from r1data.recipe import PromptSource, Recipe, load_teacher
from r1data.schema import TABLES
from r1data.text import prompt_text


@dataclass(frozen=True)
class TakenIn:
    """What the stage `prompts` publishes."""

    questions: pl.DataFrame
    """Rows of `r1data.prompts.QUESTIONS`, copies included."""
    prompts: pl.DataFrame
    """Rows of table `prompts`, one per prompt, stored ones included."""
    prompt_references: pl.DataFrame
    """References that are not stored yet, with their quality."""
    contamination: pl.DataFrame
    """Comparisons of prompts with the benchmarks that are not stored yet."""
    intake: pl.DataFrame
    """All of tonight's rows of table `intake`."""
    inbox: pl.DataFrame
    """Tonight's rows of table `inbox`, stored ones included."""

    def tables(self) -> dict[str, pl.DataFrame]:
        """Frames by the table that they belong to."""
        names = ("inbox", "prompts", "prompt_references", "contamination", "intake")
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
    key = list(TABLES["prompt_references"].key)
    known = scan("prompt_references")
    new = intake.references(asked, night=night, added_at=now).join(known, on=key, how="anti")
    checked = intake.with_quality(new, **recipe.verify.model_dump())
    stored, compared = _compare(asked, scan, recipe, night)
    marked = intake.intake(
        asked,
        pl.concat([stored, compared.lazy()]),
        pl.concat([known, checked.lazy()]),
        recipe=recipe.name,
        night=night,
    ).collect()
    references = current_references(pl.concat([known, checked.lazy()]))
    marked = intake.without_repeated(marked, _repeated(scan, marked, asked, references, recipe, night))
    if recipe.licence_required:
        marked = without_licence(marked, rows)
    marked = within_quotas(marked, rows, recipe, night=night)
    prompts = intake.prompts(asked, night=night).collect()
    return TakenIn(rows, prompts, checked, compared, marked, inbox=arrived)


def _repeated(
    scan: Scan,
    marked: pl.DataFrame,
    asked: pl.LazyFrame,
    references: pl.LazyFrame,
    recipe: Recipe,
    night: str,
) -> pl.DataFrame:
    """Which of tonight's prompts ask what another one or an earlier night's asks, as `same_problems` says."""
    sources = [source.name for source in recipe.prompts if source.compares]
    own = pl.col("kept") & pl.col("source").is_in(sources) & (pl.col("recipe") == recipe.name)
    before = scan("intake").filter(own & (pl.col("night") < night)).sort("night")
    ours = pl.concat([before.select("prompt_id"), marked.lazy().filter(own).select("prompt_id")])
    texts = pl.concat(
        [scan("prompts").select("prompt_id", "messages"), asked.select("prompt_id", "messages")]
    )
    found = (
        ours.unique(keep="first", maintain_order=True)
        .join(texts.unique("prompt_id"), on="prompt_id", maintain_order="left")
        .join(references.select("prompt_id", "reference"), on="prompt_id", how="left", maintain_order="left")
        .collect()
    )
    text = pl.Series("text", [prompt_text(messages) for messages in found["messages"]], dtype=pl.String)
    twins = same_problems(found.with_columns(text))
    return twins.join(before.select("prompt_id").collect(), on="prompt_id", how="anti")


def prompt_subjects(prompts: pl.LazyFrame) -> pl.LazyFrame:
    """What of prompts is compared with benchmarks: subject, subject_id, night, text; one row per prompt."""
    text = pl.col("messages").list.eval(pl.element().struct.field("content")).list.join("\n")
    columns = {"subject": pl.lit("prompt"), "subject_id": "prompt_id", "night": "night", "text": text}
    return prompts.select(**columns).unique("subject_id", keep="first", maintain_order=True)


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
