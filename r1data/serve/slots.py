"""The bounded queue in front of the engine's slots, in the order in which requests came."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from r1data.serve.refusal import Refusal

LONGEST_RETRY_S = 60


class Slots:
    """As many completions at once as the engine decodes, and as many waiting as `queue` allows."""

    def __init__(self, slots: int, queue: int) -> None:
        self.slots, self.queue = slots, queue
        self.waiting = 0
        self.running = 0
        self._free = asyncio.Semaphore(slots)

    @property
    def free(self) -> int:
        """Slots that nobody has or waits for."""
        return max(0, self.slots - self.running - self.waiting)

    def check(self, usual_s: Callable[[], float]) -> None:
        """Make sure that one more request may wait.

        Args:
            usual_s: gives the seconds that a request usually takes, for `Retry-After`; NaN where
                nobody knows.

        Raises:
            Refusal: the queue is full (429).
        """
        if self.waiting < self.queue or not self._free.locked():
            return
        usual = usual_s()
        wait = (1.0 if math.isnan(usual) else usual) * (self.waiting / self.slots + 1)
        wait_s = min(LONGEST_RETRY_S, max(1, round(wait)))
        raise Refusal(
            429,
            f"{self.waiting} requests wait already, which is the limit (--queue). Ask again in {wait_s} s.",
            "queue_full",
            headers={"Retry-After": str(wait_s)},
        )

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Wait for a slot and keep it."""
        self.waiting += 1
        try:
            await self._free.acquire()
        finally:
            self.waiting -= 1
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._free.release()
