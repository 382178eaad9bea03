"""Verdicts of a reward model, beside those of the verifiers: how good a trace seems to it.

    rollouts of a night that this model has not read → batches → a process that holds it → table `verdicts`

It is no verifier of prompts and decides nothing: no selection and no pass rate reads these rows. Mixes do,
through view `current_preferences`, each with its own threshold. A row's `verifier_version` is the model's
revision, so another model reads every rollout anew.

What this does not protect against: a model that likes length, form or flattery. It reads what the teacher
wrote, not what a person made of it.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from math import inf
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Self

import orjson
import polars as pl

from r1data import paths
from r1data.errors import ConfigError, EngineError
from r1data.generate.models import ModelFolder
from r1data.process import last_line
from r1data.recipe import Recipe
from r1data.schema.facts import VERDICTS
from r1data.train.preference import part_read, reading_of, reward_model, verdict_of
from r1data.verify.run import FINISHED
from r1data.verify.verdict import Verdict, unknown

if TYPE_CHECKING:
    from r1data.verify.stored import Store

NAME = "reward_model"
BATCH_ROWS = 256
"""Rollouts that are read, and published, at a time."""


def model_of(recipe: Recipe) -> ModelFolder | None:
    """The reward model that reads a recipe's rollouts; None where none does.

    Raises:
        ConfigError: it was never trained, or is no reward model.
    """
    if recipe.verify.reward_model is None:
        return None
    try:
        return reward_model(recipe.verify.reward_model)
    except ConfigError as error:
        raise ConfigError(
            f"[verify] reward_model: {error} Until then leave the key out: nights that it learns from are "
            "made without it, and read later by `r1data verify --all-nights`."
        ) from error


def unread(store: "Store", night: str | None, revision: str) -> pl.LazyFrame:
    """Rollouts of a night, or of all, that have no verdict of a reward model.

    Returns:
        night, rollout_id, completion, finish_reason, messages.
    """
    read = store.scan("verdicts", night).filter(verifier=NAME, verifier_version=revision)
    columns = ("night", "rollout_id", "completion", "finish_reason", "messages")
    rollouts = store.scan("rollouts", night).join(read, on="rollout_id", how="anti")
    messages = store.scan("prompts").select("prompt_id", "messages")
    return rollouts.join(messages, on="prompt_id").select(columns)


def read_rollouts(rollouts: pl.LazyFrame, model: ModelFolder) -> Iterator[pl.DataFrame]:
    """Read rollouts, as `unread` gives them, batch by batch.

    Yields:
        Schema VERDICTS, at most BATCH_ROWS rows. A completion that did not finish is unknown(truncated), one
        that the model cannot hold is unknown(too_long), and one without an answer is wrong(no_answer).

    Raises:
        EngineError: the process that reads died; names its log.
    """
    reads = reading_of(model.path).reads
    with ExitStack() as stack:
        process = None
        for batch in rollouts.collect_batches(chunk_size=BATCH_ROWS):
            if batch.height:
                process = process or stack.enter_context(Process(model.path))
                yield _judged(batch.to_dicts(), reads, process, model.revision)


def _judged(rows: list[dict[str, Any]], reads: str, process: "Process", revision: str) -> pl.DataFrame:
    started = perf_counter()
    asked = [row for row in rows if row["finish_reason"] in FINISHED and part_read(row["completion"], reads)]
    told = process.read([(row["messages"], row["completion"]) for row in asked])
    numbers = dict(zip((row["rollout_id"] for row in asked), told, strict=True))
    ms = (perf_counter() - started) * 1000 / max(1, len(asked))
    facts = []
    for row in rows:
        verdict = _verdict(row, numbers)
        facts.append(
            {
                "night": row["night"],
                "rollout_id": row["rollout_id"],
                "verifier": NAME,
                "verifier_version": revision,
                "reference_version": "",
                "verdict": verdict.verdict,
                "reward": verdict.reward,
                "reason": verdict.reason,
                "elapsed_ms": ms if row["rollout_id"] in numbers else 0.0,
            }
        )
    return pl.DataFrame(facts, schema=VERDICTS.schema)


def _verdict(row: dict[str, Any], numbers: dict[str, float | None]) -> Verdict:
    if row["finish_reason"] not in FINISHED:
        return unknown("truncated")
    return verdict_of(numbers.get(row["rollout_id"], -inf))


class Process:
    """A context manager: the process that holds a reward model. It ends when its standard input does, and so
    also when this process is killed.
    """

    def __init__(self, folder: Path) -> None:
        """Start it; the model is loaded meanwhile."""
        self._log = paths.home() / "logs" / f"reward_model-{os.getpid()}.log"
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "r1data.train.reader_child", str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._child.kill()  # it keeps nothing that would have to be closed
        self._child.communicate()

    def read(self, rows: Sequence[tuple[list[dict[str, Any]], str]]) -> list[float | None]:
        """The model's number for each prompt and completion; None of what it cannot hold.

        Raises:
            EngineError: it died.
        """
        assert self._child.stdin is not None and self._child.stdout is not None
        try:
            self._child.stdin.write(orjson.dumps(rows, option=orjson.OPT_APPEND_NEWLINE))
            self._child.stdin.flush()
            line = self._child.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise self._died()
        return orjson.loads(line)

    def _died(self) -> EngineError:
        status = self._child.wait()
        last = last_line(self._log.read_text(encoding="utf-8", errors="replace"))
        return EngineError(
            f'The process of the reward model ended (status {status}): "{last}". Its log is {self._log}. Run '
            "again once that is mended; verdicts so far are kept."
        )
