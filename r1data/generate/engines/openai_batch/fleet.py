"""The batches of one API and model: which there are, what is done about each of them, and when.

Calls to the API happen in a few threads; everything else in the one that calls `advance`, which waits for
none of them.
"""

import logging
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

from r1data.errors import EngineError, R1DataError
from r1data.generate.engine import Request
from r1data.generate.engines.openai_batch.api import BatchApi, Failed
from r1data.generate.engines.openai_batch.jobs import Jobs
from r1data.generate.engines.openai_batch.state import Batch, BatchStore
from r1data.recipe import BatchSettings

_THREADS = 4
_ALONE = 5
"""How often a batch may find the API's queue full although no other batch of ours is in it."""

log = logging.getLogger("r1data")


class Fleet:
    """A context manager that holds the folder of these batches.

    Attributes:
        jobs: the steps of a batch.
        dead: why nothing goes on; None while it does.
    """

    def __init__(self, settings: BatchSettings, model: str) -> None:
        """Check the address and the key; nothing is sent yet.

        Raises:
            ConfigError: the address is none, or the key's variable is not set.
        """
        self.name = f"openai_batch {model}"
        self._settings, self._api = settings, BatchApi(settings)
        self.jobs = Jobs(self._api, settings, model)
        self.dead: R1DataError | OSError | None = None
        self._store = BatchStore(self._api.url, model)
        self._batches: list[Batch] = []
        self._holders: dict[str, Batch] = {}
        self._failures, self._failing_since = 0, 0.0

    def open(self) -> None:
        """Take up the batches that earlier runs left.

        Raises:
            RunInProgress: another process runs batches of this model.
            InputError: a record of a batch cannot be read.
        """
        self.dead, self._failures = None, 0
        self.jobs.closing.clear()
        found = self._store.open()
        self._api.open()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="openai_batch")
        try:
            for batch in sorted(found, key=lambda batch: batch.record.made_at):
                self._take_up(batch)
            for batch in found:
                if batch.record.batch_id is not None:
                    self._exists(batch)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Leave the batches to the API and the next run; calls that have begun are waited for."""
        self.jobs.closing.set()
        self._threads.shutdown(wait=True, cancel_futures=True)
        left = [batch for batch in self._batches if batch.record.key and not batch.record.collected]
        if left:
            n = sum(len(batch.bodies) for batch in left)
            log.info(
                f"{self.name}: {len(left)} batches with {n} requests go on at {self._api.url}; "
                "the next run takes what they bring"
            )
        self._batches.clear()
        self._holders.clear()
        self._api.close()
        self._store.close()

    @property
    def has_place(self) -> bool:
        """Whether another batch may be made."""
        taken = [batch for batch in self._batches if batch.job is not None or not batch.record.collected]
        return self.dead is None and len(taken) < self._settings.batches_at_once

    def holder(self, rollout_id: str, body: str) -> Batch | None:
        """The latest batch that asks for this rollout with this body (its digest)."""
        holder = self._holders.get(rollout_id)
        return holder if holder is not None and holder.bodies[rollout_id] == body else None

    def make(self, requests: Sequence[Request], bodies: dict[str, str], retries: Mapping[str, int]) -> Batch:
        """Put a batch together; it is sent from `advance` on.

        Args:
            requests: its requests.
            bodies: digests of their bodies, by rollout id.
            retries: batches that they were in before, by rollout id; without those that were in none.
        """
        batch = self._store.new(requests, bodies, dict(retries))
        last = max((other.record.made_at for other in self._batches), default=0.0)
        batch.record.made_at = max(batch.record.made_at, last + 1e-3)  # whatever the clock does
        self._take_up(batch)
        return batch

    def hand(self, done: Iterable[tuple[Batch, str]]) -> None:
        """Note requests whose completion is safe elsewhere; a batch with no others is deleted."""
        by_batch: dict[Batch, list[str]] = {}
        for batch, name in done:
            by_batch.setdefault(batch, []).append(name)
        for batch, names in by_batch.items():
            if batch.hand(names):
                self._drop(batch)

    def advance(self) -> tuple[list[Batch], list[Batch]]:
        """Note what the threads have done, and give them what comes next.

        Returns:
            Batches that can be read from here on, and batches that do not exist any more, whose wanted
            requests must be put into others.
        """
        readable: list[Batch] = []
        gone: list[Batch] = []
        for batch in list(self._batches):
            if batch.job is not None and batch.job.done():
                word = self._word(batch)
                if word in ("ended", "read"):
                    readable.append(batch)
                if word == "absent" and batch.wanted != batch.bodies.keys():
                    self._drop(batch)
                    gone.append(batch)
        for batch in self._batches if self.dead is None else []:
            over = batch.record.collected and (batch.results is not None or not batch.wanted)
            if batch.job is None and not over and batch.due_at <= time.monotonic():
                batch.job = self._threads.submit(self.jobs.step, batch)
        return readable, gone

    def wait(self, timeout_s: float) -> None:
        """Wait until `advance` has something to do, at most so long."""
        jobs = [batch.job for batch in self._batches if batch.job is not None]
        due = [batch.due_at for batch in self._batches if batch.job is None and not batch.record.collected]
        left = max(0.0, min(timeout_s, min(due, default=math.inf) - time.monotonic()))
        if jobs:
            wait(jobs, left, FIRST_COMPLETED)
        else:
            time.sleep(left)

    def _take_up(self, batch: Batch) -> None:
        """Note whose requests it has, and which of them earlier batches ended without."""
        for name, body in batch.bodies.items():
            earlier = self.holder(name, body)
            if earlier is not None and batch.record.retries.get(name):
                batch.earlier.append((earlier, name))
            self._holders[name] = batch
        self._batches.append(batch)

    def _exists(self, batch: Batch) -> None:
        """The API has it, so earlier batches are done with its requests."""
        self.hand(batch.earlier)
        batch.earlier = []

    def _drop(self, batch: Batch) -> None:
        batch.drop()
        if batch in self._batches:
            self._batches.remove(batch)
        for name in batch.bodies:
            if self._holders.get(name) is batch:
                del self._holders[name]

    def _word(self, batch: Batch) -> str:
        """What a step came to."""
        job, batch.job = batch.job, None
        try:
            word = job.result() if job is not None else ""
        except Failed as failure:
            self._failed(batch, failure)
            return ""
        except (R1DataError, OSError) as error:
            self.dead = self.dead or error
            return ""
        self._failures = 0
        now, poll_s = time.monotonic(), self._settings.poll_s
        batch.due_at = now + poll_s if word in ("created", "live", "doubted") else now
        if word == "created":
            log.info(f"{self.name}: batch {batch.record.batch_id} created: {len(batch.bodies)} requests")
            self._exists(batch)
        elif word == "ended":
            self._log_end(batch)
        elif word == "full":
            self._keep_back(batch)
        elif word == "failed":
            self._drop(batch)
            self.dead = self.dead or EngineError(
                f"{self._api.url} refuses batch {batch.record.batch_id}, of which nothing ran: "
                f"{batch.problem or 'it gave no reason'}. Correct [generate.openai_batch] or the teacher, "
                "then run again."
            )
        if word in ("ended", "absent"):
            self._let_one_in()
        return word

    def _log_end(self, batch: Batch) -> None:
        done, failed = (batch.counts.get(word, "?") for word in ("completed", "failed"))
        log.info(
            f"{self.name}: batch {batch.record.batch_id} {batch.record.status} after "
            f"{batch.elapsed_s:.0f} s: {done} of {len(batch.bodies)} requests completed, {failed} failed"
        )

    def _failed(self, batch: Batch, failure: Failed) -> None:
        """The API did not answer: wait a little, or give up."""
        now = time.monotonic()
        if not self._failures:
            self._failing_since = now
            log.warning(f"{self._api.url} does not answer: {failure}")
        self._failures += 1
        backoff = min(self._settings.poll_s, 2.0 ** min(self._failures - 1, 30))
        batch.due_at = now + max(backoff, failure.retry_after_s)
        if now - self._failing_since > self._settings.unhealthy_s:
            self.dead = self.dead or EngineError(
                f"{self._api.url} has not answered for {now - self._failing_since:.0f} s ({failure}). "
                "Run again once it does: its batches go on, and what they bring is taken then."
            )

    def _keep_back(self, batch: Batch) -> None:
        """The API's queue is full: wait until another batch ends, or a while if there is no other."""
        if any(other.record.key and not other.record.collected for other in self._batches):
            batch.due_at = math.inf
            log.info(f"{self.name}: a batch waits until another one ends: {batch.problem}")
            return
        batch.alone += 1
        batch.due_at = time.monotonic() + self._settings.poll_s * 2 ** (batch.alone - 1)
        log.info(f"{self.name}: a batch waits for room: {batch.problem}")
        if batch.alone > _ALONE:
            self.dead = self.dead or EngineError(
                f"{self._api.url} has no room for a batch of {len(batch.bodies)} requests, though none of "
                f"ours is in its queue ({batch.problem}). Lower `requests_per_batch` in "
                "[generate.openai_batch], or run again later."
            )

    def _let_one_in(self) -> None:
        for batch in self._batches:
            if math.isinf(batch.due_at):
                batch.due_at = time.monotonic()
                return
