"""Attempts at benchmark items: which are missing, and what came of those that were made. No engine, no
I/O.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from r1data import ids
from r1data.evaluate.lenient import ends_in
from r1data.generate.attempts import Attempt
from r1data.generate.engine import Request
from r1data.generate.models import ModelFolder
from r1data.recipe import Evaluate
from r1data.schema import TABLES
from r1data.text import is_well_formed
from r1data.train.exports import Export


@dataclass(frozen=True)
class Candidate:
    """A model to evaluate: a student or its base."""

    name: str
    model: ModelFolder
    run_key: str | None = None
    """Training job that made it; None for a base model."""
    export: Export | None = None
    """What it trained on; a benchmark item among it is refused. None for a base model."""


def student_id(model: ModelFolder, how: Evaluate) -> str:
    """Name a model and the way in which it is asked; attempts under one id are never made twice."""
    sampling = how.sampling.model_dump(mode="json")
    return ids.digest(model.revision, model.chat_template, sampling, how.max_tokens, how.context_tokens)


def missing(items: pl.DataFrame, student: str, k: int, stored: pl.LazyFrame) -> pl.DataFrame:
    """What is still to be asked: every item × 0 … k - 1, less what is stored for this student.

    Args:
        items: rows of table `benchmarks`.
        student: a `student_id`.
        k: attempts per item.
        stored: table `evaluations`.

    Returns:
        The rows of `items`, one per attempt, with `index` (Int32), in the order of items.
    """
    attempts = pl.LazyFrame({"index": range(k)}, schema={"index": pl.Int32})
    done = stored.filter(pl.col("student_id") == student)
    wanted = items.lazy().join(attempts, how="cross", maintain_order="left_right")
    keys = ["benchmark", "item_id", "index"]
    return wanted.join(done, on=keys, how="anti", maintain_order="left").collect()


def attempts_of(stored: pl.LazyFrame, model: ModelFolder, how: Evaluate) -> pl.LazyFrame:
    """The rows of table `evaluations` that tell how `model` fares when it is asked as `how` says."""
    of = (pl.col("student_id") == student_id(model, how)) & (pl.col("benchmark") == how.benchmark)
    return stored.filter(of, pl.col("index") < how.k).sort("item_id", "index")


def zero_shot(attempts: pl.DataFrame, student: str, how: Evaluate, night: str) -> Iterator[Attempt]:
    """Turn attempts into requests: the item's messages alone, without system prompt or few-shots."""
    for row in attempts.iter_rows(named=True):
        rollout = ids.rollout_id(row["item_id"], student, row["index"])
        request = Request(
            rollout_id=rollout,
            prompt_id=row["item_id"],
            index=row["index"],
            messages=tuple(row["messages"]),
            seed=ids.seed(rollout),
            max_tokens=how.max_tokens,
            sampling=how.sampling,
        )
        yield Attempt(request, night, student)


def references_of(items: pl.DataFrame) -> pl.LazyFrame:
    """Items as the prompts of `r1data.verify.run.verify_rollouts`."""
    return items.lazy().select("reference", "verifier", "verifier_args", prompt_id="item_id")


def evaluations(
    rollouts: pl.DataFrame, verdicts: pl.DataFrame, items: pl.DataFrame, candidate: Candidate
) -> pl.DataFrame:
    """Sum up rollouts and their verdicts as rows of table `evaluations`.

    Args:
        rollouts: rows of table `rollouts`; their prompts are items, their teacher is the student.
        verdicts: rows of table `verdicts`, one for each of them.
        items: rows of table `benchmarks`.
        candidate: the model that was asked.
    """
    asked = items.lazy().select("benchmark", "item_id", "reference")
    found = verdicts.lazy().select("rollout_id", "verdict", "extracted")
    ended = pl.struct("completion", "reference").map_elements(
        lambda row: ends_in(row["completion"], row["reference"]), return_dtype=pl.Boolean
    )
    solved = (pl.col("verdict") == "right") & pl.col("well_formed") & (pl.col("finish_reason") == "stop")
    return (
        rollouts.lazy()
        .rename({"prompt_id": "item_id", "teacher_id": "student_id"})
        .join(asked, on="item_id", maintain_order="left", validate="m:1")
        .join(found, on="rollout_id", maintain_order="left", validate="1:1")
        .with_columns(
            student=pl.lit(candidate.name),
            run_key=pl.lit(candidate.run_key, pl.String),
            revision=pl.lit(candidate.model.revision),
            well_formed=pl.col("completion").map_elements(is_well_formed, return_dtype=pl.Boolean),
            last_number_right=ended,
        )
        .with_columns(solved=solved)
        .select(TABLES["evaluations"].schema.names())
        .collect()
    )
