"""Attempts at benchmark items: which are missing, and what came of those that were made. No engine, no
I/O.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import orjson
import polars as pl

from r1data import ids
from r1data.errors import SchemaError
from r1data.evaluate.lenient import ends_in
from r1data.generate.attempts import Attempt
from r1data.generate.engine import Request
from r1data.generate.models import ModelFolder
from r1data.generate.render import render
from r1data.recipe import Evaluate, Teacher
from r1data.schema import TABLES
from r1data.text import is_well_formed
from r1data.train.exports import Export

FAILED = ("error", "abort")
"""Finish reasons of attempts that the engine or its server did not run; they say nothing of the model, are
not stored, and are made again.
"""
NOT_RUN = (*FAILED, "rejected")
"""Finish reasons of attempts that no model made; `rejected` ones would be so again, so they are stored."""


@dataclass(frozen=True)
class Candidate:
    """A model to evaluate: a student, its base, or a teacher."""

    name: str
    model: ModelFolder
    run_key: str | None = None
    """Training job that made it; None for a model that is no student."""
    export: Export | None = None
    """What it trained on; a benchmark item among it is refused. None for a model that is no student."""
    teacher: Teacher | None = None
    """Whose system prompt, few-shots, prefill and thinking switch it is asked with; zero-shot without it."""
    engine: str = "vllm"
    """What asks it, a key of `r1data.generate.engines.ENGINES`."""


@dataclass(frozen=True)
class Ask:
    """A model, and the way in which it is asked the items of a benchmark."""

    candidate: Candidate
    how: Evaluate

    @property
    def student_id(self) -> str:
        """The id under which its attempts are stored."""
        return student_id(self.candidate.model, self.how, self.candidate.teacher)

    def attempts(self, stored: pl.LazyFrame, items: pl.DataFrame) -> pl.DataFrame:
        """Its rows among those of table `evaluations`, at these rows of table `benchmarks`."""
        mine = attempts_of(stored, self.candidate.model, self.how, self.candidate.teacher)
        return mine.filter(pl.col("item_id").is_in(items["item_id"].to_list())).collect()


def protocol(how: Evaluate, teacher: Teacher | None = None) -> str:
    """Name the way in which models are asked; attempts of equal ones compare, whatever the model."""
    asked = [how.sampling.model_dump(mode="json"), how.max_tokens, how.context_tokens]
    shown = teacher.identity(revision="", chat_template="") if teacher else {}
    return ids.digest(
        asked, {name: value for name, value in shown.items() if name not in ("model", "revision")}
    )


def student_id(model: ModelFolder, how: Evaluate, teacher: Teacher | None = None) -> str:
    """Name a model and the way in which it is asked; attempts under one id are never made twice."""
    sampling = how.sampling.model_dump(mode="json")
    told = [model.revision, model.chat_template, sampling, how.max_tokens, how.context_tokens]
    if teacher:
        told.append(teacher.identity(revision=model.revision, chat_template=model.chat_template or ""))
    return ids.digest(*told)


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


def attempts_of(
    stored: pl.LazyFrame, model: ModelFolder, how: Evaluate, teacher: Teacher | None = None
) -> pl.LazyFrame:
    """The rows of table `evaluations` that tell how `model` fares when it is asked as `how` says, with what
    `teacher` shows it, if there is one.
    """
    of = (pl.col("student_id") == student_id(model, how, teacher)) & (pl.col("benchmark") == how.benchmark)
    return stored.filter(of, pl.col("index") < how.k).sort("item_id", "index")


def check_complete(attempts: pl.DataFrame, items: pl.DataFrame, ask: Ask) -> None:
    """Make sure that every item of a benchmark was attempted exactly `ask.how.k` times.

    Args:
        attempts: rows of table `evaluations`, those of `ask`.
        items: rows of table `benchmarks`, those of `ask.how.benchmark`.
        ask: who was asked, and how.

    Raises:
        SchemaError: an item has fewer or more attempts, or one of another item is among them.
    """
    counts = attempts.group_by("item_id").agg(n=pl.len(), n_distinct=pl.col("index").n_unique())
    wanted = items.select("item_id").join(counts, on="item_id", how="full", coalesce=True).fill_null(0)
    k, unknown = ask.how.k, ~pl.col("item_id").is_in(items["item_id"].implode())
    bad = wanted.filter((pl.col("n") != k) | (pl.col("n_distinct") != k) | unknown).sort("item_id")
    if bad.height:
        item, n, _ = bad.row(0)
        raise SchemaError(
            f"{ask.candidate.name} has {n} attempts at item {item} of benchmark {ask.how.benchmark}, and not "
            f"{k} each of its {items.height} items; {bad.height} items are so. Materialise `evaluations` "
            "again: attempts that failed are made again."
        )


def requests(attempts: pl.DataFrame, ask: Ask, night: str) -> Iterator[Attempt]:
    """Turn attempts into requests: the item's messages alone, or as the candidate's teacher shows them."""
    teacher, how = ask.candidate.teacher, ask.how
    for row in attempts.iter_rows(named=True):
        rollout = ids.rollout_id(row["item_id"], ask.student_id, row["index"])
        request = Request(
            rollout_id=rollout,
            prompt_id=row["item_id"],
            index=row["index"],
            messages=tuple(row["messages"]),
            seed=ids.seed(rollout),
            max_tokens=how.max_tokens,
            sampling=how.sampling,
        )
        if teacher:
            direct = teacher.is_direct(row["family"])
            request = replace(
                request,
                messages=render(teacher, row["messages"], row["family"]),
                prefill=None if direct else teacher.prefill,
                thinking=False if direct else teacher.thinking,
                thought_marks=teacher.thought_marks,
            )
        yield Attempt(request, night, ask.student_id)


def references_of(items: pl.DataFrame) -> pl.LazyFrame:
    """Items as the prompts of `r1data.verify.run.verify_rollouts`."""
    version = pl.struct("reference", "verifier", "verifier_args").map_elements(
        lambda row: ids.digest(row["reference"], row["verifier"], orjson.loads(row["verifier_args"] or "{}")),
        return_dtype=pl.String,
    )
    columns = ("reference", "verifier", "verifier_args")
    return items.lazy().select(*columns, prompt_id="item_id", reference_version=version)


def evaluations(
    rollouts: pl.DataFrame, verdicts: pl.DataFrame, items: pl.DataFrame, ask: Ask
) -> pl.DataFrame:
    """Sum up rollouts and their verdicts as rows of table `evaluations`.

    Args:
        rollouts: rows of table `rollouts`; their prompts are items, their teacher is the student.
        verdicts: rows of table `verdicts`, one for each of them.
        items: rows of table `benchmarks`.
        ask: the model that was asked, and how.
    """
    asked = items.lazy().select("item_id", "benchmark")
    rows = (
        rollouts.lazy()
        .rename({"prompt_id": "item_id", "teacher_id": "student_id"})
        .join(asked, on="item_id", maintain_order="left", validate="m:1")
        .with_columns(
            student=pl.lit(ask.candidate.name),
            run_key=pl.lit(ask.candidate.run_key, pl.String),
            revision=pl.lit(ask.candidate.model.revision),
            protocol=pl.lit(protocol(ask.how, ask.candidate.teacher)),
            well_formed=pl.col("completion").map_elements(is_well_formed, return_dtype=pl.Boolean),
        )
    )
    return with_verdicts(rows, verdicts, items)


def with_verdicts(attempts: pl.LazyFrame, verdicts: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Attempts with what their verdicts make of them.

    Args:
        attempts: rows of table `evaluations` but for what verdicts tell, and rollout_id.
        verdicts: rows of table `verdicts`, one for each of them.
        items: rows of table `benchmarks`, of one benchmark.
    """
    references = items.lazy().select("item_id", "reference")
    versions = ("verifier_version", "reference_version")
    found = verdicts.lazy().select("rollout_id", "verdict", "extracted", *versions)
    ended = pl.struct("completion", "reference").map_elements(
        lambda row: ends_in(row["completion"], row["reference"]), return_dtype=pl.Boolean
    )
    solved = (pl.col("verdict") == "right") & pl.col("well_formed") & (pl.col("finish_reason") == "stop")
    return (
        attempts.join(references, on="item_id", maintain_order="left", validate="m:1")
        .join(found, on="rollout_id", maintain_order="left", validate="1:1")
        .with_columns(last_number_right=ended, solved=solved)
        .select(TABLES["evaluations"].schema.names())
        .collect()
    )
