"""Facts of table `contamination`: what of prompts and traces is a benchmark item, stage by stage.

- exact: the same words, numbers and signs, whatever the markup, case, accents and line breaks.
- ngram: a run of n words is shared (of Chinese, Japanese and their like: characters), all numbers of the item
  are there in their order, and so are enough of its words. An item of fewer than n words is there whole,
  signs included.
- fuzzy: the words that item and text have in common, in order, are alike by indel; numbers as above.
- embedding, judge (optional, `[contamination.embedding]`): texts that mean the same.

Numbers decide, since the same template with other numbers is another problem; words count by how rare they
are among the items, so that the boilerplate of contests says nothing.

What the first three do not see: paraphrases with other words, and translations.
"""

from collections.abc import Iterator

import polars as pl

from r1data import ids
from r1data.curate.decontaminate.compare import Hit, hits
from r1data.curate.decontaminate.embedding import embedding_hits
from r1data.curate.decontaminate.index import Index
from r1data.recipe import Contamination
from r1data.schema.facts import CONTAMINATION

ALGORITHM = "contamination-3"
BATCH_ROWS = 4_000
EVIDENCE_CHARS = 200
FINDS = ("ngram_words", "similarity", "coverage", "more_numbers", "embedding")
"""Settings that decide what is found."""


def version(benchmarks: pl.LazyFrame, settings: Contamination) -> str:
    """Name the comparison: algorithm, models, thresholds and items; a new item makes every fact stale."""
    items = benchmarks.select("benchmark", "item_id").unique().sort(pl.all()).collect()
    told = settings.model_dump(include=set(FINDS), exclude={"embedding": {"url", "api_key_env", "judge_url"}})
    models = [settings.embedding.model, settings.embedding.judge] if settings.embedding else []
    return "+".join([ALGORITHM, *filter(None, models), ids.digest([told, items.rows()])[:12]])


def contamination(
    subjects: pl.LazyFrame,
    benchmarks: pl.LazyFrame,
    settings: Contamination,
    *,
    index: Index | None = None,
) -> pl.DataFrame:
    """Compare prompts and traces with all benchmark items; texts are read in batches.

    Args:
        subjects: subject (prompt or trace), subject_id, night, text.
        benchmarks: benchmark, item_id, messages.
        settings: thresholds.
        index: of the benchmarks, for who compares several times; made here without it.

    Returns:
        Schema CONTAMINATION, one row per subject, in order; of several items the one with most in common.

    Raises:
        EngineError: the server of the optional stage fails.
    """
    current = version(benchmarks, settings)
    wanted = subjects.select("subject", "subject_id", "night", "text")
    parts = [CONTAMINATION.empty()]
    index = index or Index(benchmarks.collect())
    for batch, found in compared(wanted, index, settings):
        facts = batch.drop("text").with_columns(version=pl.lit(current))
        facts = facts.hstack(_columns(batch["text"], found, index))
        parts.append(facts.select(CONTAMINATION.schema.names()))
    return pl.concat(parts)


def compared(
    texts: pl.LazyFrame, index: Index, settings: Contamination, *, threads: int | None = None
) -> Iterator[tuple[pl.DataFrame, dict[int, Hit]]]:
    """Batches of `texts` (column text), and the hits of each by its row; without texts nothing is loaded."""
    for batch in texts.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
        if not batch.height:
            continue
        found = hits(batch["text"], index, settings, threads=threads)
        if settings.embedding:
            left = batch.select("text").with_row_index("row").filter(~pl.col("row").is_in(list(found)))
            found |= embedding_hits(left, index, settings.embedding)
        yield batch, found


def _columns(texts: pl.Series, found: dict[int, Hit], index: Index) -> pl.DataFrame:
    """What the table tells of every text, clean ones included."""
    ordered = [found.get(row) for row in range(len(texts))]
    spans = [
        hit and texts[row][hit.offset_chars : hit.offset_chars + min(hit.length_chars, EVIDENCE_CHARS)]
        for row, hit in enumerate(ordered)
    ]
    items = [hit and index.rows.row(hit.item, named=True) for hit in ordered]
    columns = {
        "contaminated": [hit is not None for hit in ordered],
        "benchmark": [item and item["benchmark"] for item in items],
        "item_id": [item and item["item_id"] for item in items],
        "method": [hit and hit.method for hit in ordered],
        "evidence": spans,
        "offset_chars": [hit and hit.offset_chars for hit in ordered],
        "length_chars": [hit and hit.length_chars for hit in ordered],
        "similarity": [hit and hit.similarity for hit in ordered],
    }
    return pl.DataFrame(columns, schema={name: CONTAMINATION.schema[name] for name in columns})
