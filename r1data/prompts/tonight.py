"""What a night takes in, before anything is published: prompts, references, comparisons, what may be asked.

taken = take_in(lake.scan, recipe, night="2026-01-01", now=datetime.now(UTC))
lake.append("prompts", taken.prompts)
"""

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from r1data.curate.current import current_contamination
from r1data.curate.decontaminate import contamination
from r1data.curate.decontaminate import version as contamination_version
from r1data.generate.engines.replay.engine import check_replay
from r1data.generate.render import render
from r1data.generate.teachers import model_of
from r1data.lake.overlay import Scan
from r1data.prompts import intake, questions
from r1data.prompts.length import check_fits
from r1data.recipe import Recipe, load_teacher
from r1data.schema import TABLES


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

    def tables(self) -> dict[str, pl.DataFrame]:
        """Frames by the table that they belong to."""
        names = ("prompts", "prompt_references", "contamination", "intake")
        return {name: getattr(self, name) for name in names}


def held_out(recipe: Recipe, *, night: str) -> pl.DataFrame:
    """Rows of table `benchmarks`: what the recipe keeps out of its prompts; the same items on every night."""
    items = questions(recipe.benchmarks, night=None, start=recipe.start).lazy()
    return intake.benchmarks(items, night=night).collect()


def take_in(scan: Scan, recipe: Recipe, *, night: str, now: datetime) -> TakenIn:
    """Ask the recipe's sources for a night, and mark what may not be asked; publishes nothing.

    Args:
        scan: `benchmarks` with tonight's items, `prompt_references` and `contamination` are read.
        recipe: sources and thresholds.
        night: the night, YYYY-MM-DD.
        now: when new references count as added, in UTC.

    Raises:
        ConfigError, InputError: a source cannot give what is asked, or a prompt is longer than the context.
        SandboxError: programs are to be judged, and no sandbox works here.
        OfflineError: the teacher's tokenizer is not on this machine.
    """
    rows = questions(recipe.prompts, night=date.fromisoformat(night), start=recipe.start)
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
    )
    prompts = intake.prompts(asked, night=night).collect()
    return TakenIn(rows, prompts, checked, compared, marked.collect())


def prompt_subjects(prompts: pl.LazyFrame) -> pl.LazyFrame:
    """What of prompts is compared with benchmarks: subject, subject_id, night, text; one row per prompt."""
    text = pl.col("messages").list.eval(pl.element().struct.field("content")).list.join("\n")
    columns = {"subject": pl.lit("prompt"), "subject_id": "prompt_id", "night": "night", "text": text}
    return prompts.select(**columns).unique("subject_id", keep="first", maintain_order=True)


def _compare(
    asked: pl.LazyFrame, scan: Scan, recipe: Recipe, night: str
) -> tuple[pl.LazyFrame, pl.DataFrame]:
    """Comparisons with the benchmarks as they are: those that are stored, and those that were not."""
    items, ngram_words = scan("benchmarks"), recipe.contamination.ngram_words
    stored = current_contamination(scan("contamination"), items, ngram_words=ngram_words)
    subjects = prompt_subjects(asked.with_columns(night=pl.lit(night)))
    todo = subjects.join(stored, on="subject_id", how="anti", maintain_order="left")
    version = contamination_version(items, ngram_words=ngram_words)
    return stored, contamination(todo, items, version=version, ngram_words=ngram_words).collect()


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
