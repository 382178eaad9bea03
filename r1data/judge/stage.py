"""Asking a judge what is wanted of a night: what `asked` names and is not stored under the current judge,
rubrics and references.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import polars as pl

from r1data import ids
from r1data.curate.corpus import texts
from r1data.curate.current import current_references, own_prompts, own_references
from r1data.judge.asked import ARGS, asked
from r1data.judge.model import JudgeModel
from r1data.judge.parts import NO_REPLY, PART_ROWS, append_parts, said
from r1data.judge.question import Question
from r1data.judge.rubric import Rubric, load_rubric
from r1data.judge.vote import votes, with_vote
from r1data.recipe import Recipe
from r1data.schema.judge import JUDGEMENTS
from r1data.text import prompt_text
from r1data.verify.stored import Store


def judge_rollouts(store: Store, night: str, recipe: Recipe) -> int:
    """Ask the recipe's judge what is wanted of a night, and publish its judgements part by part.

    Without anything to ask no engine is started. What a run that was cut short has published is not asked
    again; what got no reply is not published, and asked again the next time.

    Args:
        store: where plan, rollouts, prompts, references, verdicts and judgements are.
        night: YYYY-MM-DD.
        recipe: its plan of the night says which rollouts; without a section [judge] nothing is asked.

    Returns:
        How many judgements were made.

    Raises:
        ConfigError: a rubric or the judge's model cannot be used.
        EngineError: the engine died; what it had judged is stored.
    """
    todo = wanted(store, night, recipe).collect()
    if recipe.judge is None or todo.is_empty():
        return 0
    made = 0
    with JudgeModel(recipe.judge) as judge:
        store.append("teachers", judge.teacher_row(night))
        for _, rows in todo.group_by("asked_by", maintain_order=True):
            made += append_parts(store, "judgements", _judge(store, night, recipe, rows, judge))
    return made


def wanted(store: Store, night: str | None, recipe: Recipe) -> pl.LazyFrame:
    """What the recipe's judge is to be asked of a night, or of all nights, and has not been asked yet.

    Returns:
        As `asked`; empty without a section [judge].
    """
    every = _asked(store, night, recipe)
    return every.join(store.scan("judgements", night), on=list(JUDGEMENTS.key), how="anti")


def unheard(store: Store, night: str, recipe: Recipe) -> pl.DataFrame:
    """rubric, domain and n_rollouts of what the judge is asked of a night without having a vote on it.

    It may be asked by rubrics that only the prompts name, and in domains that it was not calibrated on.
    """
    known = votes(store.scan("calibrations"), recipe.judge).lazy()
    unheard = with_vote(_asked(store, night, recipe), known).filter(~pl.col("has_vote"))
    return unheard.group_by("rubric", "domain").agg(n_rollouts=pl.len()).sort("rubric", "domain").collect()


def _asked(store: Store, night: str | None, recipe: Recipe) -> pl.LazyFrame:
    planned = store.scan("plan", night).filter(recipe=recipe.name).select("rollout_id")
    return asked(
        store.scan("rollouts", night).join(planned, on="rollout_id", how="semi"),
        prompts=own_prompts(store.scan("prompts"), store.scan("intake"), recipe.name),
        prompt_references=own_references(store.scan("prompt_references"), recipe.name),
        verdicts=store.scan("verdicts", night),
        settings=recipe.judge,
    )


def _judge(
    store: Store, night: str, recipe: Recipe, rows: pl.DataFrame, judge: JudgeModel
) -> Iterator[dict[str, Any]]:
    """Rows of table `judgements` by one rubric, in the order in which the judge finishes."""
    rubric = load_rubric(rows["asked_by"][0])
    asked_for = dict[str, dict[str, Any]]()  # what is in flight

    def questions() -> Iterator[Question]:
        for row in _texts(store, night, recipe, rows, rubric):
            key = [row[name] for name in JUDGEMENTS.key]
            question_id = ids.digest(*key)
            asked_for[question_id] = {"night": row["night"], **dict(zip(JUDGEMENTS.key, key, strict=True))}
            yield Question(
                question_id,
                prompt_text(row["messages"]),
                row["judged"] or "",
                row["reference"],
                criteria=tuple(row["criteria"] or ()),
            )

    for question, judgement in judge.judge(rubric, questions()):
        row = asked_for.pop(question.question_id)
        if judgement.reason != NO_REPLY:
            yield row | said(judgement) | {"judged_at": datetime.now(UTC)}


def _texts(
    store: Store, night: str, recipe: Recipe, rows: pl.DataFrame, rubric: Rubric
) -> Iterator[dict[str, Any]]:
    """The rows with messages, reference, criteria and what is judged, read batch by batch."""
    todo = rows.lazy()
    rollouts = store.scan("rollouts", night).join(todo, on="rollout_id", how="semi")
    answers = texts(rollouts).select("rollout_id", judged="answer")
    whole = rollouts.select("rollout_id", judged="completion")
    args = pl.when(pl.col("verifier") == "judge").then("verifier_args").str.json_decode(ARGS)
    own = current_references(own_references(store.scan("prompt_references"), recipe.name))
    usable = pl.when(pl.col("quality").is_null() & (pl.col("reference").str.strip_chars() != ""))
    references = own.select(
        "prompt_id", reference=usable.then("reference"), criteria=args.struct.field("criteria")
    )
    joined = (
        (whole if rubric.looks_at == "completion" else answers)
        .join(todo, on="rollout_id")
        .join(store.scan("prompts").select("prompt_id", "messages"), on="prompt_id")
        .join(references, on="prompt_id", how="left")
    )
    for batch in joined.collect_batches(chunk_size=PART_ROWS):
        yield from batch.iter_rows(named=True)
