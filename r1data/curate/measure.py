"""Facts about the rollouts of a night that need no other rollout: what the ledgers lack is measured and
appended.
"""

import polars as pl

from r1data.curate import language as language_stage
from r1data.curate import readability as readability_stage
from r1data.curate.current import current_contamination
from r1data.curate.decontaminate import contamination
from r1data.recipe import Contamination
from r1data.verify.stored import Store


def measure_language(store: Store, night: str) -> None:
    """Measure the language of the night's rollouts that have no current fact of it."""
    targets = store.scan("prompts").select("prompt_id", target="language")
    todo = _without(store, "language", language_stage.VERSION, night)
    todo = todo.join(targets, on="prompt_id").rename({"completion": "text"})
    store.append("language", language_stage.language_mix(todo).collect())


def measure_readability(store: Store, night: str) -> None:
    """Measure the readability of the night's rollouts that have no current fact of it."""
    todo = _without(store, "readability", readability_stage.VERSION, night)
    store.append("readability", readability_stage.readability(todo).collect())


def measure_contamination(store: Store, night: str, settings: Contamination) -> None:
    """Compare the night's rollouts, and the prompts that they answer, with the benchmarks, where there is no
    current fact of it.
    """
    items, rollouts = store.scan("benchmarks"), store.scan("rollouts", night)
    asked = store.scan("prompts").join(rollouts, on="prompt_id", how="semi")
    traces = rollouts.select(
        subject=pl.lit("trace"), subject_id="rollout_id", night="night", text="completion"
    )
    known = current_contamination(store.scan("contamination"), items, settings)
    todo = pl.concat([prompt_subjects(asked), traces]).join(known, on="subject_id", how="anti")
    store.append("contamination", contamination(todo, items, settings))


def prompt_subjects(prompts: pl.LazyFrame) -> pl.LazyFrame:
    """What of prompts is compared with benchmarks: subject, subject_id, night, text; one row per prompt."""
    text = pl.col("messages").list.eval(pl.element().struct.field("content")).list.join("\n")
    columns = {"subject": pl.lit("prompt"), "subject_id": "prompt_id", "night": "night", "text": text}
    return prompts.select(**columns).unique("subject_id", keep="first", maintain_order=True)


def _without(store: Store, table: str, version: str, night: str) -> pl.LazyFrame:
    stored = store.scan(table, night).filter(pl.col("version") == version)
    return store.scan("rollouts", night).join(stored, on="rollout_id", how="anti")
