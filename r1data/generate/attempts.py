"""Attempts: from planned rows to requests, and from completions to rows of table `rollouts`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from r1data import ids
from r1data.errors import SchemaError
from r1data.generate.engine import Completion, Request
from r1data.generate.prices import cost_usd
from r1data.generate.render import render
from r1data.recipe import Adaptive, Prices, Teacher
from r1data.text import thought, with_tags

_WORDS = ("night", "prompt_id", "teacher_id", "reason")
CHUNK = 4096  # planned rows whose prompts are in memory at once


@dataclass(frozen=True)
class Attempt:
    """One row of a plan, ready to run."""

    request: Request
    night: str
    teacher_id: str
    retry_of: str | None = None
    """The truncated rollout that this one repeats."""
    unconditional: bool = True
    """Made whatever came of other attempts, so that pass rates may count it."""


def attempts(
    planned: pl.LazyFrame, prompts: pl.LazyFrame, teacher: Teacher, adaptive: Adaptive | None = None
) -> Iterator[Attempt]:
    """Render every planned row for `teacher`, in order, a few thousand rows at a time.

    Args:
        planned: rows of table `plan`, such as those of `todo`.
        prompts: table `prompts`, all nights.
        teacher: whose system prompt, few-shots and sampling are used.
        adaptive: the recipe's rule to stop a prompt early, if it has one.

    Raises:
        SchemaError: a planned prompt is not stored.
    """
    # Every planned row is held, so words are categories and ids that follow from the rest are left out.
    held = planned.select(*_WORDS, "index", "retry_of", "max_tokens").with_columns(
        pl.col(_WORDS).cast(pl.Categorical)
    )
    for part in held.collect(engine="streaming").iter_slices(CHUNK):
        chunk = part.with_columns(pl.col(_WORDS).cast(pl.String))
        wanted = chunk["prompt_id"].unique().implode()
        found = (
            prompts.filter(pl.col("prompt_id").is_in(wanted))
            .select("prompt_id", "messages", "family")
            .collect()
        )
        asked = {
            row["prompt_id"]: (render(teacher, row["messages"], row["family"]), row["family"])
            for row in found.iter_rows(named=True)
        }
        for row in chunk.iter_rows(named=True):
            if row["prompt_id"] not in asked:
                raise SchemaError(
                    f"Prompt {row['prompt_id']} is planned but not stored. Materialise `prompts` first."
                )
            messages, family = asked[row["prompt_id"]]
            direct = teacher.is_direct(family)
            rollout = ids.rollout_id(row["prompt_id"], row["teacher_id"], row["index"])
            request = Request(
                rollout_id=rollout,
                prompt_id=row["prompt_id"],
                index=row["index"],
                messages=messages,
                seed=ids.seed(rollout),
                max_tokens=row["max_tokens"],
                sampling=teacher.sampling,
                prefill=None if direct else teacher.prefill,
                thinking=False if direct else teacher.thinking,
                thought_marks=teacher.thought_marks,
            )
            chosen = row["reason"] in ("unsolved", "retry") or (adaptive and row["index"] >= adaptive.first)
            yield Attempt(
                request,
                row["night"],
                row["teacher_id"],
                row["retry_of"],
                unconditional=not chosen,
            )


def row(
    attempt: Attempt, completion: Completion, engine: str, prices: Prices | None = None
) -> dict[str, Any]:
    """A row of table `rollouts`."""
    text = with_tags(completion.text, attempt.request.thought_marks)
    found = thought(text)
    return {
        "night": attempt.night,
        "rollout_id": completion.rollout_id,
        "prompt_id": attempt.request.prompt_id,
        "teacher_id": attempt.teacher_id,
        "index": attempt.request.index,
        "retry_of": attempt.retry_of,
        "unconditional": attempt.unconditional,
        "seed": attempt.request.seed,
        "completion": text,
        "thought_start": found.start,
        "thought_end": found.end,
        "answer_start": found.answer_start,
        "reasoning_kind": completion.reasoning_kind,
        "finish_reason": completion.finish_reason,
        "detail": completion.detail,
        "max_tokens": attempt.request.max_tokens if completion.capped else None,
        "prompt_tokens": completion.prompt_tokens,
        "cached_tokens": completion.cached_tokens,
        "completion_tokens": completion.completion_tokens,
        "elapsed_s": completion.elapsed_s,
        "retries": completion.retries,
        "engine": engine,
        "cost_usd": cost_usd(
            prices, completion.prompt_tokens, completion.cached_tokens, completion.completion_tokens
        ),
    }
