"""Engine `replay`: completions that exist already come back as if a model had just written them.

    [generate]
    teacher = "deepseek-r1.toml"      # model = "replay:deepseek-r1"
    engine = "replay"

    [generate.replay]
    path = "traces.parquet"
    columns = { prompt = "problem", completion = "generation" }

The prompts come from a prompt source `files` on the same file. Attempt i at a prompt is the i-th of its rows.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import polars as pl

from r1data.errors import ConfigError, EngineError, first_line
from r1data.generate.engine import Completion, Request
from r1data.generate.engines.replay.rows import OWNER
from r1data.generate.engines.replay.spool import spool
from r1data.generate.models import ModelFolder
from r1data.recipe import Generate, Teacher


def available(generate: Generate) -> pl.LazyFrame | None:
    """How many completions there are of each prompt: prompt_id, n; None for an engine that makes them.

    Raises:
        ConfigError, InputError: see `spool`.
    """
    if generate.engine != "replay":
        return None
    return spool(generate.replay).group_by("prompt_id").agg(n=pl.len().cast(pl.Int32))


def check_replay(generate: Generate, teacher: Teacher, prompts: pl.LazyFrame) -> None:
    """Read the whole file of an engine `replay`, before anything is published; other engines pass.

    Args:
        generate: section of the recipe.
        teacher: who is said to have written the completions.
        prompts: prompt_id of tonight's prompts.

    Raises:
        ConfigError: the teacher has what a file does not show the model, or no prompt is in the file.
        InputError: a file or row cannot be used; names both.
    """
    if (held := available(generate)) is None:
        return
    for name in ("system_prompt", "few_shots", "prefill", "direct_families"):
        if getattr(teacher, name):
            raise ConfigError(
                f"Teacher {teacher.name} has `{name}`, but its completions exist already. Remove `{name}`."
            )
    if prompts.join(held, on="prompt_id", how="semi").select(pl.len()).collect().item() == 0:
        raise ConfigError(
            f"None of tonight's prompts is in {generate.replay.path}. [[prompts]] must read the same file "
            f"with the same `prompt_suffix` as `{OWNER}`."
        )


class ReplayEngine:
    """An engine that looks completions up."""

    def __init__(self, generate: Generate, model: ModelFolder) -> None:
        """Nothing is read yet.

        Raises:
            ConfigError: the teacher's model has weights.
        """
        if not str(model.path).startswith("replay:"):
            raise ConfigError(
                f"Engine `replay` runs no model, and {model.path} is one. Write `replay:` before its name."
            )
        self._settings = generate.replay
        self.name = f"replay {Path(generate.replay.path).name}"
        self.slots = 1024  # a look takes as long for one as for these, and they are in memory together
        self._queue: list[Request] = []

    @property
    def pending(self) -> int:
        """Requests that were not looked up yet."""
        return len(self._queue)

    def submit(self, requests: Sequence[Request]) -> None:
        """Queue requests."""
        self._queue += requests

    def poll(self, timeout_s: float) -> list[Completion]:
        """The completions of everything queued; one that the file does not hold has ended by `error`.

        Raises:
            EngineError: the spool is not readable.
        """
        requests, self._queue = self._queue, []
        if not requests:
            return []
        names = [request.prompt_id for request in requests]
        wanted = {
            "prompt_id": pl.Series(names, dtype=pl.String),
            "index": pl.Series([request.index for request in requests], dtype=pl.Int32),
        }
        near = self._spool.filter(pl.col("prompt_id").is_between(pl.lit(min(names)), pl.lit(max(names))))
        try:
            found = near.join(pl.LazyFrame(wanted), on=list(wanted), how="semi").collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise EngineError(
                f"{self.name}: its sorted copy is not readable ({first_line(error)}). Remove `replay` from "
                "the home folder and run again: what it had finished is kept."
            ) from error
        held = {(row["prompt_id"], row["index"]): row for row in found.iter_rows(named=True)}
        return [
            self._completion(request, held.get((request.prompt_id, request.index))) for request in requests
        ]

    def load(self, model: str) -> None:
        """There are no weights to replace.

        Raises:
            EngineError: always.
        """
        raise EngineError(f"{self.name} has no weights to replace by {model}.")

    def counters(self) -> dict[str, float]:
        """It counts nothing."""
        return {}

    def __enter__(self) -> Self:
        self._spool = spool(self._settings)
        return self

    def __exit__(self, *exc: object) -> None:
        self._queue.clear()

    def _completion(self, request: Request, row: dict[str, str | int | None] | None) -> Completion:
        if row is None:
            detail = f"{self._settings.path} holds no completion {request.index} of this prompt"
            row = {"completion": "", "finish_reason": "error", "detail": detail}
        return Completion(
            rollout_id=request.rollout_id,
            text=row["completion"],
            finish_reason=row["finish_reason"],
            prompt_tokens=row.get("prompt_tokens"),
            completion_tokens=row.get("completion_tokens"),
            elapsed_s=0.0,
            reasoning_kind=self._settings.reasoning_kind,
            capped=False,
            detail=row["detail"],
        )
