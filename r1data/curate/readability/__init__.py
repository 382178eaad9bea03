"""Readability, measured: repetition, loops, paragraphs, code blocks, stray tags, thoughts that say nothing.

Thresholds belong to the recipe (`r1data.recipe.Readability`), so nothing is rejected here. A row never
changes what is said of another. `docs/readability.md` says what each measure is.
"""

from collections.abc import Iterator
from typing import Any

import polars as pl

from r1data.schema.facts import READABILITY

VERSION = "3"
SLICE_ROWS = 256
"""Rows that are measured before their texts are let go."""


def readability(traces: pl.LazyFrame) -> pl.LazyFrame:
    """Measure every trace, batch by batch.

    `repetition` is taken over the whole completion: the share of its runs of four words (code points, in
    scripts without spaces) that occurred before, as in Rae et al. 2021 (Gopher); 0.0 for a text of fewer
    words. `longest_paragraph_chars` and `n_code_blocks` are of the thought, 0 without one; a paragraph ends
    at a blank line. `n_tag_errors` is 0 exactly when the completion is one opening tag, with only blanks
    before it, and one closing tag after that, and no tag is written otherwise or cut off.

    Args:
        traces: night, rollout_id, completion, prompt (text; without the column nothing is held to restate).

    Returns:
        Schema READABILITY, one row per trace, in order.
    """
    has_prompt = "prompt" in traces.collect_schema().names()
    prompt = pl.col("prompt") if has_prompt else pl.lit(None, pl.String)
    wanted = traces.select("night", "rollout_id", "completion", prompt=prompt)
    return wanted.map_batches(_measured, schema=READABILITY.schema, streamable=True)


def _measured(batch: pl.DataFrame) -> pl.DataFrame:
    parts = [_facts(part) for part in batch.iter_slices(SLICE_ROWS) if part.height]
    return pl.concat(parts) if parts else READABILITY.empty()


def _facts(batch: pl.DataFrame) -> pl.DataFrame:
    from r1data.curate.readability.measures import measures

    def rows() -> Iterator[dict[str, Any]]:
        for night, rollout_id, completion, prompt in batch.iter_rows():
            found = measures(completion or "", prompt or "")
            yield {"night": night, "rollout_id": rollout_id, "version": VERSION} | found

    return pl.DataFrame(list(rows()), schema=READABILITY.schema, orient="row")
