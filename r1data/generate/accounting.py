"""What a run of an engine made, how fast, and what it cost."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl

from r1data.generate.prices import machine_usd
from r1data.recipe import Prices
from r1data.schema import TABLES


@dataclass
class Summary:
    """The numbers of a run, as it goes on."""

    finish_reasons: Counter[str] = field(default_factory=Counter)
    """Rollouts that the engine finished, by finish reason."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    """Of these rollouts; None when nothing has a price."""
    retries: int = 0
    """Requests that failed and were sent again."""
    replayed: int = 0
    """Rollouts found in the journal, finished by a run that was cut short."""
    redone: int = 0
    """Requests that the engine lost and that were made again."""
    duplicates: int = 0
    """Completions that came twice; the first one counts."""
    segments: int = 0
    """Publications."""
    elapsed_s: float = 0.0
    """Seconds in `run`; the engine's start is not in it."""
    fed_s: float = 0.0
    """Seconds until nothing was left to begin."""
    busy_slot_s: float = 0.0
    """Slots in use, summed over these seconds."""
    slot_s: float = 0.0
    """Slots that the engine has, summed over these seconds."""
    queued_request_s: float = 0.0
    """Requests that waited in the engine, summed over these seconds."""
    ended_by: str = "failed"
    """done, stopped by a signal, failed, or the limit of the budget that was reached."""
    counters: dict[str, float] = field(default_factory=dict)
    """What the engine itself counted."""
    began_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def rollouts(self) -> int:
        """Rollouts that the engine finished."""
        return self.finish_reasons.total()

    @property
    def tokens_per_s(self) -> float:
        """Completion tokens per second, from the first submission to the last publication."""
        return self.completion_tokens / self.elapsed_s if self.elapsed_s else 0.0

    @property
    def busy_share(self) -> float | None:
        """Mean share of the engine's slots in use until nothing was left to begin."""
        return self.busy_slot_s / self.slot_s if self.slot_s else None

    @property
    def queue_depth(self) -> float | None:
        """Mean number of requests that waited in the engine until nothing was left to begin."""
        return self.queued_request_s / self.fed_s if self.fed_s else None

    def count(self, row: Mapping[str, Any]) -> None:
        """Add a row of table `rollouts` that the engine made."""
        self.finish_reasons[row["finish_reason"]] += 1
        self.prompt_tokens += row["prompt_tokens"] or 0
        self.cached_tokens += row["cached_tokens"] or 0
        self.completion_tokens += row["completion_tokens"] or 0
        self.retries += row["retries"]
        if row["cost_usd"] is not None:
            self.cost_usd = (self.cost_usd or 0.0) + row["cost_usd"]


class Clock:
    """Adds up over time how many slots are in use and how many requests wait."""

    def __init__(self, summary: Summary) -> None:
        self._summary = summary
        self._last = time.monotonic()
        self._in_flight = self._slots = 0

    def look(self, in_flight: int, slots: int, *, feeding: bool) -> None:
        """Note how many requests are in flight from here on; what was noted before held until now."""
        now = time.monotonic()
        seconds, self._last = now - self._last, now
        if feeding and self._slots:
            self._summary.fed_s += seconds
            self._summary.slot_s += seconds * self._slots
            self._summary.busy_slot_s += seconds * min(self._in_flight, self._slots)
            self._summary.queued_request_s += seconds * max(0, self._in_flight - self._slots)
        self._in_flight, self._slots = in_flight, slots


def engine_run(
    summary: Summary,
    *,
    run: str,
    night: str,
    recipe: str,
    teacher_id: str,
    engine: str,
    prices: Prices | None,
) -> pl.DataFrame:
    """One row of table `engine_runs`."""
    machine = machine_usd(prices, summary.elapsed_s)
    counted = summary.counters.get("completion_tokens")
    row = {
        "night": night,
        "run": run,
        "teacher_id": teacher_id,
        "recipe": recipe,
        "engine": engine,
        "began_at": summary.began_at,
        "elapsed_s": summary.elapsed_s,
        "ended_by": summary.ended_by,
        "n_rollouts": summary.rollouts,
        "prompt_tokens": summary.prompt_tokens,
        "cached_tokens": summary.cached_tokens,
        "completion_tokens": summary.completion_tokens,
        "engine_completion_tokens": None if counted is None else int(counted),
        "tokens_per_s": summary.tokens_per_s,
        "busy_share": summary.busy_share,
        "queue_depth": summary.queue_depth,
        "retries": summary.retries,
        "redone": summary.redone,
        "duplicates": summary.duplicates,
        "replayed": summary.replayed,
        "cost_usd": None if machine is None else machine + (summary.cost_usd or 0.0),
    }
    return pl.DataFrame([row], schema=TABLES["engine_runs"].schema, orient="row")
