"""Run attempts on an engine: one queue, continuous feeding, nothing finished is ever lost.

What this promises: every attempt gives exactly one row; a rollout that an engine handed over is in the
journal before the next one is asked for, so a kill loses none of them and repeats none. What it does not
promise: that an attempt runs only once (one that was in flight at a kill runs again), or equal text across
runs (engines batch differently).
"""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import polars as pl

from r1data.errors import EngineError, SchemaError
from r1data.generate.attempts import Attempt, row
from r1data.generate.engine import Completion, Engine
from r1data.generate.journal import Journal
from r1data.generate.stop import Stop
from r1data.schema import TABLES

FEED = 1.25
"""Requests in flight per slot: the engine finds the next one waiting when a slot falls free."""
POLL_S = 0.5
REMEMBERED = 100_000
"""Finished ids that are remembered to tell a repeated completion from one that nobody asked for."""

Publish = Callable[[pl.DataFrame], object]


@dataclass
class Summary:
    """What a run did."""

    finish_reasons: Counter[str] = field(default_factory=Counter)
    """Rollouts that the engine finished, by finish reason."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    elapsed_s: float = 0.0
    """Seconds in `run`; the engine's start is not in it."""
    replayed: int = 0
    """Rollouts found in the journal, finished by a run that was cut short."""
    redone: int = 0
    """Requests that the engine lost and was given again."""
    duplicates: int = 0
    """Completions that came a second time and were dropped."""
    segments: int = 0
    """Publications."""

    @property
    def rollouts(self) -> int:
        """Rollouts that the engine finished."""
        return self.finish_reasons.total()

    @property
    def tokens_per_s(self) -> float:
        """Completion tokens per second."""
        return self.completion_tokens / self.elapsed_s if self.elapsed_s else 0.0


def run(
    attempts: Iterable[Attempt],
    engine: Engine,
    journal: Journal,
    publish: Publish,
    *,
    segment_s: float = 600,
    segment_bytes: int = 2**28,
    on_progress: Callable[[Summary], object] = lambda summary: None,
) -> Summary:
    """Make every attempt and publish rollouts in segments.

    Memory holds what is in flight and one segment, whatever the number of attempts. On SIGTERM, an interrupt
    or the engine's death, what is finished is published before the exception leaves.

    Args:
        attempts: in the order in which they are fed; a rollout id comes once.
        engine: started.
        journal: open; what it holds is published first and not made again. It is deleted at the end.
        publish: takes a frame of table `rollouts`; it must skip rows that are stored, as `Lake.append` does.
        segment_s: publish at least this often, in seconds.
        segment_bytes: publish once the completions of a segment take this much.
        on_progress: called after every look at the engine, with the numbers so far.

    Raises:
        EngineError: the engine died, lost a request twice, or returned what nobody asked for.
        SchemaError: a rollout id came twice.
        KeyboardInterrupt, SystemExit: stopped by a signal.
    """
    began = time.monotonic()
    runner = _Runner(engine, journal, _Segment(publish, journal, segment_s, segment_bytes))
    with Stop() as stop:
        try:
            runner.replay()
            runner.drive(iter(attempts), stop, on_progress)
        except BaseException:
            if not runner.segment.publishing:  # a publication that failed leaves its rows in the journal
                runner.segment.publish_now()
            raise
        runner.segment.publish_now()
    stop.raise_if_asked()
    journal.remove()
    runner.summary.elapsed_s = time.monotonic() - began
    runner.summary.segments = runner.segment.count
    return runner.summary


class _Segment:
    """Finished rows between two publications; the journal holds the same rows."""

    def __init__(self, publish: Publish, journal: Journal, seconds: float, size: int) -> None:
        self.rows: list[dict[str, Any]] = []
        self.publishing = False
        self.count = 0
        self._publish, self._journal, self._seconds, self._size = publish, journal, seconds, size
        self._began, self._bytes = time.monotonic(), 0

    def add(self, rows: list[dict[str, Any]]) -> None:
        self.rows += rows
        self._bytes += sum(len(row["completion"].encode()) for row in rows)

    def publish_if_due(self) -> None:
        if self._bytes >= self._size or time.monotonic() - self._began >= self._seconds:
            self.publish_now()

    def publish_now(self) -> None:
        self.publishing = True
        if self.rows:
            self._publish(pl.DataFrame(self.rows, schema=TABLES["rollouts"].schema, orient="row"))
            self._journal.clear()
            self.count += 1
        self.publishing = False
        self.rows, self._bytes, self._began = [], 0, time.monotonic()


class _Runner:
    def __init__(self, engine: Engine, journal: Journal, segment: _Segment) -> None:
        self.engine, self.journal, self.segment = engine, journal, segment
        self.summary = Summary()
        self._in_flight: dict[str, Attempt] = {}
        self._redone: set[str] = set()
        self._finished: OrderedDict[str, None] = OrderedDict()
        self._replayed: set[str] = set()

    def replay(self) -> None:
        """Publish what an earlier run finished."""
        rows = self.journal.rows
        self._replayed = {row["rollout_id"] for row in rows}
        self.summary.replayed = len(self._replayed)
        self.segment.add(rows)
        self.segment.publish_now()

    def drive(
        self, attempts: Iterator[Attempt], stop: Stop, on_progress: Callable[[Summary], object]
    ) -> None:
        """Feed and take back until everything is done, or a signal asks to stop."""
        attempts = (attempt for attempt in attempts if attempt.request.rollout_id not in self._replayed)
        capacity = max(self.engine.slots, int(FEED * self.engine.slots))
        while not stop.asked:
            batch = list(islice(attempts, capacity - len(self._in_flight)))
            self._submit(batch)
            if not self._in_flight:
                return
            self._take(self.engine.poll(POLL_S))
            self.segment.publish_if_due()
            on_progress(self.summary)
        self._take(self.engine.poll(0))

    def _submit(self, batch: list[Attempt]) -> None:
        for attempt in batch:
            if self._in_flight.setdefault(attempt.request.rollout_id, attempt) is not attempt:
                raise SchemaError(
                    f"Rollout {attempt.request.rollout_id} is planned twice. Materialise `plan` again."
                )
        if batch:
            self.engine.submit([attempt.request for attempt in batch])

    def _take(self, completions: list[Completion]) -> None:
        rows, others = [], []
        for completion in completions:
            attempt = self._in_flight.pop(completion.rollout_id, None)
            if attempt is None:
                others.append(completion.rollout_id)
                continue
            rows.append(row(attempt, completion, self.engine.name))
            self._remember(completion.rollout_id)
            self._count(completion)
        self.journal.append(rows)
        self.segment.add(rows)
        self._refuse(others)
        if not completions and self._in_flight and self.engine.pending == 0:
            self._redo()

    def _refuse(self, rollout_ids: list[str]) -> None:
        """Drop what came before; the first completion of a rollout wins."""
        if strangers := [name for name in rollout_ids if name not in self._finished]:
            raise EngineError(
                f"{self.engine.name} returned rollout {strangers[0]}, which nobody asked for. "
                "Run again: what it had finished is kept."
            )
        self.summary.duplicates += len(rollout_ids)

    def _redo(self) -> None:
        """Ask again, once, for what the engine neither works on nor has returned."""
        lost = list(self._in_flight)
        if again := [name for name in lost if name in self._redone]:
            raise EngineError(
                f"{self.engine.name} lost {len(again)} requests twice, such as rollout {again[0]}. "
                "Run again: what it had finished is kept."
            )
        self._redone.update(lost)
        self.summary.redone += len(lost)
        self.engine.submit([self._in_flight[name].request for name in lost])

    def _remember(self, rollout_id: str) -> None:
        self._finished[rollout_id] = None
        self._redone.discard(rollout_id)
        if len(self._finished) > REMEMBERED:
            self._finished.popitem(last=False)

    def _count(self, completion: Completion) -> None:
        self.summary.finish_reasons[completion.finish_reason] += 1
        self.summary.prompt_tokens += completion.prompt_tokens or 0
        self.summary.completion_tokens += completion.completion_tokens or 0
