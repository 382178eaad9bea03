"""What people are asked to review: queues of rollouts of a night, and the rows of a review file.

A queue is in the order of its draw, which the rollouts' ids decide, so whoever stops early has reviewed a
fair part of it. No text is read to make one.
"""

import polars as pl

from r1data.curate.corpus import texts
from r1data.curate.current import (
    current_judgements,
    current_references,
    deciding_verdicts,
    latest_reviews,
    own_references,
)
from r1data.curate.review_file import COLUMNS
from r1data.errors import ConfigError
from r1data.text import nearest, prompt_text
from r1data.verify.run import FINISHED
from r1data.verify.stored import Store

QUEUES = {
    "accepted": "Traces that are in the corpus, to be checked by a draw.",
    "undecided": "Finished rollouts that neither a rule nor a judge with a vote could decide.",
    "disputed": "Rollouts that a rule and a judge call differently.",
    "cold_start": "Refined traces of cold start, which need approval.",
    "all": "Every finished rollout of the night: how often people, rules and judge agree.",
}
"""Queues by name, with what is in them."""
TABLES_READ = ("plan", "rollouts", "verdicts", "prompt_references", "selected", "judgements")
TABLES_READ += ("cold_start_refined",)
"""What decides who is in a queue, reviews aside."""
_DECIDED = ("right", "wrong")


def members(store: Store, of: str, *, recipe: str, night: str, rejected: bool = False) -> pl.LazyFrame:
    """The rollouts of a queue, reviewed or not.

    Args:
        store: where the lake's tables are.
        of: one of QUEUES.
        recipe: whose plan, selection or refinements.
        night: YYYY-MM-DD.
        rejected: of cold start also refinements that a rule rejected.

    Returns:
        rollout_id, prompt_id (of cold start that of the question), reasons; in the order of the draw.

    Raises:
        ConfigError: there is no such queue.
    """
    if of not in QUEUES:
        raise ConfigError(f"There is no queue {nearest(of, QUEUES)}")
    if of == "cold_start":
        refined = store.scan("cold_start_refined", night).filter(recipe=recipe)
        rows = refined.filter(pl.lit(rejected) | pl.col("kept")).drop("prompt_id")
        rows = rows.rename({"original_prompt_id": "prompt_id"})
    else:
        rows = _finished(store, recipe, night)
        if of == "accepted":
            rows = rows.filter("accepted")
        elif of == "undecided":
            rows = _undecided(store, rows, recipe, night)
        elif of == "disputed":
            rows = _disputed(store, rows, recipe, night)
    # Ties of the selection go by the first digits of an id; a draw by its last ones favours nobody.
    draw = pl.col("rollout_id").str.slice(-16)
    return rows.select("rollout_id", "prompt_id", "reasons").sort(draw, "rollout_id")


def exported(
    store: Store, of: str, *, recipe: str, night: str, everything: bool = False, n: int | None = None
) -> pl.DataFrame:
    """The rows of a review file: those of a queue that nobody has reviewed.

    Args:
        store: where the lake's tables are.
        of: one of QUEUES.
        recipe: whose plan, selection or refinements.
        night: YYYY-MM-DD.
        everything: also those that a person has reviewed, and of cold start those that a rule rejected, as
            far as they have an answer.
        n: rows at most, drawn by hash; all when None.

    Returns:
        Texts by COLUMNS, cells not yet escaped; sorted by prompt and rollout.
    """
    latest = latest_reviews(store.scan("reviews", night)).select(
        "rollout_id", latest_verdict="verdict", latest_reviewer="reviewer"
    )
    rows = members(store, of, recipe=recipe, night=night, rejected=everything)
    rows = rows.join(latest, on="rollout_id", how="left", maintain_order="left")
    if not everything:
        rows = rows.filter(pl.col("latest_verdict").is_null())
    written = texts(store.scan("rollouts", night)).filter(pl.col("answer") != "")
    if of == "cold_start":
        written = written.filter(pl.col("reasoning") != "")
    drawn = rows.head(n) if n else rows
    references = current_references(_references(store, recipe)).select("prompt_id", "reference")
    found = (
        drawn.join(written, on="rollout_id")
        .join(store.scan("prompts").select("prompt_id", "messages"), on="prompt_id")
        .join(references, on="prompt_id", how="left")
        .sort("prompt_id", "rollout_id")
        .with_columns(pl.col("reasons").list.join("; "))
        .collect()
    )
    prompts = [prompt_text(messages) for messages in found["messages"].to_list()]
    blank = {name: pl.lit("") for name in ("verdict", "note", "reviewer", "reviewed_at")}
    return found.with_columns(prompt=pl.Series(prompts, dtype=pl.String), **blank).select(COLUMNS)


def _finished(store: Store, recipe: str, night: str) -> pl.LazyFrame:
    """Finished rollouts of a plan, with the selection; its columns are null before there is one."""
    planned = store.scan("plan", night).filter(recipe=recipe).select("rollout_id")
    selected = store.scan("selected", night).filter(recipe=recipe)
    return (
        store.scan("rollouts", night)
        .filter(pl.col("finish_reason").is_in(FINISHED) & pl.col("answer_start").is_not_null())
        .select("night", "rollout_id", "prompt_id", "teacher_id")
        .join(planned, on="rollout_id", how="semi")
        .join(selected.select("rollout_id", "accepted", "reasons"), on="rollout_id", how="left")
    )


def _references(store: Store, recipe: str) -> pl.LazyFrame:
    """The references that count for a recipe, as its selection goes by them."""
    return own_references(store.scan("prompt_references"), recipe)


def _verdicts(store: Store, rows: pl.LazyFrame, recipe: str, night: str) -> pl.LazyFrame:
    """rollout_id and word of the rules that decide."""
    verdicts = deciding_verdicts(rows, store.scan("verdicts", night), _references(store, recipe))
    return verdicts.filter(pl.col("verdict").is_in(_DECIDED)).select("rollout_id", ruled="verdict")


def _undecided(store: Store, rows: pl.LazyFrame, recipe: str, night: str) -> pl.LazyFrame:
    """Those that no rule decides; a judge did where the selection has nothing, or its word, against them."""
    open_ = rows.join(_verdicts(store, rows, recipe, night), on="rollout_id", how="anti")
    doubt = pl.element().str.starts_with("verification:") & (pl.element() != "verification:judged_wrong")
    return open_.filter(pl.col("reasons").list.eval(doubt).list.any().fill_null(True))


def _disputed(store: Store, rows: pl.LazyFrame, recipe: str, night: str) -> pl.LazyFrame:
    """Those that a rule decides and the newest judge, all of its rubrics together, calls the opposite."""
    said = current_judgements(rows, store.scan("judgements", night), _references(store, recipe))
    verdict = pl.col("verdict")
    judged = said.group_by("rollout_id").agg(
        judged=pl.when((verdict == "wrong").any()).then(pl.lit("wrong")).when((verdict == "right").all())
        .then(pl.lit("right"))
    )  # fmt: skip
    differing = (
        _verdicts(store, rows, recipe, night)
        .join(judged, on="rollout_id")
        .filter(pl.col("ruled") != pl.col("judged"))
    )
    return rows.join(differing, on="rollout_id", how="semi")
