"""Run attempts on an engine: one queue, continuous feeding, nothing finished is ever lost.

What this promises: every attempt gives exactly one row; a rollout that an engine handed over is in the
journal before the next one is asked for, so a kill loses none of them and repeats none. What it does not
promise: that an attempt runs only once (one that was in flight at a kill runs again), or equal text across
runs (engines batch differently).
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import nullcontext, suppress

import orjson

from r1data.errors import EngineError, SchemaError, StorageError
from r1data.generate.accounting import Clock, Summary
from r1data.generate.attempts import Attempt, row
from r1data.generate.engine import Completion, Engine
from r1data.generate.journal import Journal
from r1data.generate.overlap import Judge, Overlap
from r1data.generate.queue import Queue
from r1data.generate.segment import Publish, Segment
from r1data.generate.stop import Stop
from r1data.recipe import Prices

FEED = 1.25
"""Requests in flight per slot: the engine finds the next one waiting when a slot falls free."""
POLL_S = 0.5
REMEMBERED = 100_000
"""Finished ids that are remembered to tell a repeated completion from one that nobody asked for."""

Progress = Callable[[Summary], object]


def run(
    queue: Queue,
    engine: Engine,
    journal: Journal,
    publish: Publish,
    *,
    prices: Prices | None = None,
    judge: Judge | None = None,
    segment_s: float = 600,
    segment_bytes: int = 2**24,
    on_progress: Progress = lambda summary: None,
    summary: Summary | None = None,
) -> Summary:
    """Make the attempts of a queue and publish rollouts in segments.

    Memory holds what is in flight and one segment, whatever the number of attempts. On SIGTERM, an interrupt
    or the engine's death, what is finished is published before the exception leaves.

    Args:
        queue: of attempts; a rollout id comes once.
        engine: started.
        journal: open and empty (`recover`); it is deleted at the end.
        publish: takes a frame of table `rollouts`; it must skip rows that are stored, as `Lake.append` does.
        prices: what rollouts cost.
        judge: gives verdicts while the engine works; needed if the queue is adaptive.
        segment_s: publish at least this often, in seconds.
        segment_bytes: publish once the rows of a segment take about this much.
        on_progress: called after every look at the engine, with the numbers so far.
        summary: where the numbers are kept, for a caller that wants them of a run that fails too.

    Raises:
        EngineError: the engine died, lost a request twice, or returned what nobody asked for.
        SchemaError: a rollout id came twice.
        StorageError: a disk is full; what was kept before stays.
        KeyboardInterrupt, SystemExit: stopped by a signal.
    """
    summary = summary if summary is not None else Summary()
    began = time.monotonic()
    counted_before = engine.counters()
    segment = Segment(publish, journal, segment_s, segment_bytes)
    with Overlap(judge) if judge else nullcontext() as overlap, Stop() as stop:
        runner = _Runner(queue, engine, journal, segment, prices, overlap, summary)
        try:
            runner.drive(stop, on_progress)
        except BaseException:
            if not segment.publishing:  # a publication that failed leaves its rows in the journal
                with suppress(StorageError):  # a full disk is told by what is raised already
                    segment.publish_now()
            raise
        finally:
            summary.elapsed_s = time.monotonic() - began
        segment.publish_now()
    counted = engine.counters()
    summary.counters = {key: value - counted_before.get(key, 0) for key, value in counted.items()}
    summary.elapsed_s, summary.segments = time.monotonic() - began, segment.count
    summary.ended_by = queue.ended or "done" if stop.asked is None else "stopped"
    stop.raise_if_asked()
    journal.remove()
    return summary


def recover(journal: Journal, publish: Publish) -> set[str]:
    """Publish what an earlier run had finished when it was cut short; returns its rollout ids.

    To be called before the attempts of a run are chosen, so that none of these is among them.
    """
    finished = {orjson.loads(row)["rollout_id"] for row in journal.rows()}
    Segment(publish, journal, math.inf, 0).publish_now()
    return finished


class _Runner:
    def __init__(
        self,
        queue: Queue,
        engine: Engine,
        journal: Journal,
        segment: Segment,
        prices: Prices | None,
        overlap: Overlap | None,
        summary: Summary,
    ) -> None:
        self.queue, self.engine, self.journal, self.segment = queue, engine, journal, segment
        self.summary = summary
        self._prices, self._overlap = prices, overlap
        self._in_flight: dict[str, Attempt] = {}
        self._redone: set[str] = set()
        self._finished: OrderedDict[str, None] = OrderedDict()
        self._clock = Clock(self.summary)

    def drive(self, stop: Stop, on_progress: Progress) -> None:
        """Feed and take back until everything is done, or a signal asks to stop."""
        while not stop.asked:
            self.hear()
            self._feed()
            if self._in_flight:
                self._take(self.engine.poll(POLL_S))
            elif self._overlap and self._overlap.n_open:
                self.hear(POLL_S)
            else:
                return
            self.segment.publish_if_due()
            on_progress(self.summary)
        self._take(self.engine.poll(0))

    def hear(self, timeout_s: float = 0) -> None:
        """Tell the queue what was judged since; waits up to `timeout_s` for something."""
        if self._overlap:
            for prompt_id, right in self._overlap.take(timeout_s):
                self.queue.judged(prompt_id, right)

    def _feed(self) -> None:
        slots = self.engine.slots  # an engine may lose some while it works
        room = max(slots, int(FEED * slots)) - len(self._in_flight)
        self._submit(self.queue.take(room, slots - len(self._in_flight)))
        self._clock.look(len(self._in_flight), slots, feeding=not self.queue.empty)

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
            made = row(attempt, completion, self.engine.name, self._prices)
            rows.append(made)
            self._remember(completion.rollout_id)
            self.summary.count(made)
            self.queue.finished(attempt, made)
        self.journal.append(rows)
        if self._overlap:
            self._overlap.give(rows)
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
