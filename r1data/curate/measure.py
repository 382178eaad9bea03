"""Facts about the rollouts of a night that need no other rollout: what the ledgers lack is measured and
appended.
"""

from collections.abc import Callable, Iterable

import polars as pl

from r1data.curate import language as language_stage
from r1data.curate import pii as pii_stage
from r1data.curate import readability as readability_stage
from r1data.curate.current import current_contamination
from r1data.curate.decontaminate import Index, contamination
from r1data.lake.pieces import PIECE_BYTES, pieces
from r1data.recipe import Contamination
from r1data.verify.stored import Store

SEGMENT_ROWS = 10_000
"""Facts that are published at a time: a night that is cut short keeps them."""
_TEXT = pl.col("messages").list.eval(pl.element().struct.field("content")).list.join("\n")
"""What a prompt says, all of its messages."""


def measure_language(store: Store, night: str) -> None:
    """Measure the language of the night's rollouts that have no current fact of it."""
    targets = _of_night(store, night).select("prompt_id", target="language", prompt=_TEXT).collect().lazy()

    def measure(rows: pl.LazyFrame) -> pl.LazyFrame:
        return language_stage.language_mix(rows.join(targets, on="prompt_id").rename({"completion": "text"}))

    known = store.scan("language", night).filter(version=language_stage.VERSION)
    _measure(store, "language", known, night, measure)


def measure_readability(store: Store, night: str) -> None:
    """Measure the readability of the night's rollouts that have no current fact of it."""
    questions = _of_night(store, night).select("prompt_id", prompt=_TEXT).collect().lazy()

    def measure(rows: pl.LazyFrame) -> pl.LazyFrame:
        return readability_stage.readability(rows.join(questions, on="prompt_id", how="left"))

    known = store.scan("readability", night).filter(version=readability_stage.VERSION)
    _measure(store, "readability", known, night, measure)


def measure_pii(store: Store, night: str) -> None:
    """Mark personal data and secrets in the night's rollouts, and in the prompts that they answer, where
    there is no current fact of it.
    """
    current = store.scan("pii").filter(pl.col("version") == pii_stage.VERSION)
    asked = prompt_subjects(_of_night(store, night)).join(current, on="subject_id", how="anti")
    marked = pii_stage.pii(asked).collect()
    if marked.height:
        store.append("pii", marked)

    def measure(rows: pl.LazyFrame) -> pl.LazyFrame:
        return pii_stage.pii(
            rows.select("night", subject=pl.lit("trace"), subject_id="rollout_id", text="completion")
        )

    _measure(store, "pii", current.select(rollout_id="subject_id"), night, measure)


def measure_contamination(store: Store, night: str, settings: Contamination) -> None:
    """Compare the night's rollouts, and the prompts that they answer, with the benchmarks, where there is no
    current fact of it.
    """
    items = store.scan("benchmarks")
    index = Index(items.collect())
    known = current_contamination(store.scan("contamination"), items, settings)
    asked = prompt_subjects(_of_night(store, night)).join(known, on="subject_id", how="anti")
    store.append("contamination", contamination(asked, items, settings, index=index))

    def measure(rows: pl.LazyFrame) -> pl.LazyFrame:
        subject = {"subject": pl.lit("trace"), "subject_id": "rollout_id", "night": "night"}
        traces = rows.select(**subject, text="completion")
        return contamination(traces, items, settings, index=index).lazy()

    _measure(store, "contamination", known.select(rollout_id="subject_id"), night, measure)


def prompt_subjects(prompts: pl.LazyFrame) -> pl.LazyFrame:
    """What of prompts is compared with benchmarks: subject, subject_id, night, text; one row per prompt."""
    columns = {"subject": pl.lit("prompt"), "subject_id": "prompt_id", "night": "night", "text": _TEXT}
    return prompts.select(**columns).unique("subject_id", keep="first", maintain_order=True)


def _of_night(store: Store, night: str) -> pl.LazyFrame:
    """The prompts that the night's rollouts answer, of whatever night they are."""
    answered = store.scan("rollouts", night).select("prompt_id").unique()
    return store.scan("prompts").join(answered, on="prompt_id", how="semi")


def _measure(
    store: Store,
    table: str,
    known: pl.LazyFrame,
    night: str,
    measure: Callable[[pl.LazyFrame], pl.LazyFrame],
) -> None:
    """Measure, piece by piece, the night's rollouts that are not `known`; publish segment by segment.

    `measure` reads night, rollout_id, prompt_id and completion.
    """
    rollouts = store.scan("rollouts", night).select("night", "rollout_id", "prompt_id", "completion")
    found = pieces(rollouts, known, n_bytes=PIECE_BYTES)
    append_in_segments(store, table, (measure(piece.lazy()).collect() for piece in found))


def append_in_segments(store: Store, table: str, frames: Iterable[pl.DataFrame]) -> None:
    """Publish frames as they come, SEGMENT_ROWS rows or more at a time."""
    found: list[pl.DataFrame] = []
    for frame in frames:
        found.append(frame)
        if sum(part.height for part in found) >= SEGMENT_ROWS:
            store.append(table, pl.concat(found))
            found.clear()
    if found:
        store.append(table, pl.concat(found))
