"""Attempts: from planned rows to requests, and from completions to rows of table `rollouts`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from r1data import ids
from r1data.errors import SchemaError
from r1data.generate.engine import Completion, Request
from r1data.generate.render import render
from r1data.recipe import Teacher
from r1data.text import CLOSE, OPEN, thought, with_tags

CHUNK = 4096  # planned rows whose prompts are in memory at once


@dataclass(frozen=True)
class Attempt:
    """One row of a plan, ready to run."""

    request: Request
    night: str
    teacher_id: str
    retry_of: str | None = None
    """The truncated rollout that this one repeats."""
    marks: tuple[str, str] = (OPEN, CLOSE)
    """What opens and closes the teacher's thought."""


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
                prompt_id=row["prompt_id"],
                index=row["index"],
                messages=asked[row["prompt_id"]],
                seed=ids.seed(row["rollout_id"]),
                max_tokens=row["max_tokens"],
                sampling=teacher.sampling,
                prefill=teacher.prefill,
                thinking=teacher.thinking,
                thought_marks=teacher.thought_marks,
            )
            yield Attempt(request, row["night"], row["teacher_id"], row["retry_of"], teacher.thought_marks)


def row(attempt: Attempt, completion: Completion, engine: str) -> dict[str, Any]:
    """A row of table `rollouts`."""
    text = with_tags(completion.text, attempt.marks)
    found = thought(text)
    return {
        "night": attempt.night,
        "rollout_id": completion.rollout_id,
        "prompt_id": attempt.request.prompt_id,
        "teacher_id": attempt.teacher_id,
        "index": attempt.request.index,
        "retry_of": attempt.retry_of,
        "seed": attempt.request.seed,
        "completion": text,
        "thought_start": found.start,
        "thought_end": found.end,
        "answer_start": found.answer_start,
        "reasoning_kind": completion.reasoning_kind,
        "finish_reason": completion.finish_reason,
        "detail": completion.detail,
        "max_tokens": attempt.request.max_tokens,
        "prompt_tokens": completion.prompt_tokens,
        "cached_tokens": completion.cached_tokens,
        "completion_tokens": completion.completion_tokens,
        "elapsed_s": completion.elapsed_s,
        "retries": completion.retries,
        "engine": engine,
        "cost_usd": None,
    }
