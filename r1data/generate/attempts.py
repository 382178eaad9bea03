"""From planned rows to attempts that are ready to run."""

from collections.abc import Iterator

import polars as pl

from r1data import ids
from r1data.errors import SchemaError
from r1data.generate.engine import Request
from r1data.generate.render import render
from r1data.generate.rollout import Attempt
from r1data.recipe import Teacher

CHUNK = 4096  # planned rows whose prompts are in memory at once


def attempts(planned: pl.LazyFrame, prompts: pl.LazyFrame, teacher: Teacher) -> Iterator[Attempt]:
    """Render every planned row for `teacher`, the longest cap first, a few thousand rows at a time.

    Args:
        planned: rows of table `plan`, such as those of `missing`.
        prompts: table `prompts`, all nights.
        teacher: whose system prompt, few-shots and sampling are used.

    Raises:
        SchemaError: a planned prompt is not stored.
    """
    rows = planned.collect().sort("max_tokens", descending=True, maintain_order=True)
    for chunk in rows.iter_slices(CHUNK):
        wanted = chunk["prompt_id"].unique().implode()
        found = (
            prompts.filter(pl.col("prompt_id").is_in(wanted))
            .select("prompt_id", "messages", "family")
            .collect()
        )
        asked = {
            row["prompt_id"]: render(teacher, row["messages"], row["family"])
            for row in found.iter_rows(named=True)
        }
        for row in chunk.iter_rows(named=True):
            if row["prompt_id"] not in asked:
                raise SchemaError(
                    f"Prompt {row['prompt_id']} is planned but not stored. Materialise `prompts` first."
                )
            request = Request(
                rollout_id=row["rollout_id"],
                messages=asked[row["prompt_id"]],
                seed=ids.seed(row["rollout_id"]),
                max_tokens=row["max_tokens"],
                sampling=teacher.sampling,
                prefill=teacher.prefill,
                thinking=teacher.thinking,
            )
            yield Attempt(
                request, row["night"], row["prompt_id"], row["teacher_id"], row["index"], row["retry_of"]
            )
