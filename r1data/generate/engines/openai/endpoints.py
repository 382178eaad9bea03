"""Several servers of one model: which of them are healthy, and which one a request goes to.

A server that is out of order several times in a row is set aside and looked at (`GET /models`) until it
answers again. What this does not see: a server that answers, with nonsense.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from r1data.errors import EngineError
from r1data.generate.engines.openai.server import Failed, Server
from r1data.recipe.generate import OpenaiSettings

_STRIKES = 3
"""Failures in a row after which a server is set aside."""
_RETURNS = 8
"""How often a server that looks healthy, and completes nothing, is taken back."""
_FIRST_WAIT_S = 0.5
_CLOCK_S = 0.02  # timers may fire a little early

_LOG = logging.getLogger(__name__)


@dataclass(eq=False)
class Place:
    """A server, and what is known of its health."""

    server: Server
    wait_s: float
    """Until it is looked at again, once it is set aside."""
    in_flight: int = 0
    checked: bool = False
    """Whether it was seen to receive what is meant (`openai_check.py`)."""
    checking: asyncio.Lock = field(default_factory=asyncio.Lock)
    resume_at: float = 0.0
    """It is left alone until then, by the monotonic clock."""
    throttles: int = 0
    """Pauses since its last answer."""
    strikes: int = 0
    """Failures since its last answer."""
    aside_since: float | None = None
    """Since when it is set aside; None while it is healthy."""
    returns: int = 0
    """How often it was set aside since its last answer."""
    last_error: str = ""

    @property
    def is_open(self) -> bool:
        """Whether anything may be sent to it."""
        return self.aside_since is None and self.resume_at <= time.monotonic()

    @property
    def free_share(self) -> float:
        """How much room it has, 0 … 1."""
        return 1 - self.in_flight / self.server.concurrency if self.is_open else 0.0


class Endpoints:
    """Routes requests to servers. All of it runs in one event loop."""

    def __init__(
        self, servers: Sequence[Server], settings: OpenaiSettings, die: Callable[[EngineError], None]
    ) -> None:
        """Args: `die` is told when no server is left."""
        self._longest_s, self._unhealthy_s = settings.max_backoff_s, settings.unhealthy_s
        self.places = [Place(server, self._first_wait_s) for server in servers]
        self._die = die
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._looking: set[asyncio.Task[None]] = set()

    @property
    def _first_wait_s(self) -> float:
        return min(_FIRST_WAIT_S, self._longest_s)

    async def start(self) -> None:
        """Look at every server.

        Raises:
            EngineError: none answers, or one does not accept its key.
        """
        looks = await asyncio.gather(*(place.server.look() for place in self.places), return_exceptions=True)
        for place, error in zip(self.places, looks, strict=True):
            if isinstance(error, Failed):
                place.last_error = error.why
                self._set_aside(place)
            elif error is not None:
                raise error
        if all(place.aside_since is not None for place in self.places):
            raise EngineError(
                f"None of the servers in [generate.openai] answers: {self._errors()}. Start one, or correct "
                "`url`, which ends in /v1 for most servers."
            )

    async def acquire(self, avoid: Place | None) -> Place:
        """Take a slot of the healthy server with the most room; another one than `avoid` if there is one."""
        while (place := self._roomiest(avoid)) is None:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter
        place.in_flight += 1
        return place

    def release(self, place: Place) -> None:
        """Give a slot back."""
        place.in_flight -= 1
        self._wake(1)

    def answered(self, place: Place) -> None:
        """It answered a request."""
        place.strikes = place.throttles = place.returns = 0
        place.wait_s = self._first_wait_s

    def failed(self, place: Place, failure: Failed, backoff_s: float) -> None:
        """It did not answer a request: it is left alone for a while, or set aside.

        Args:
            place: where the request was.
            failure: what happened.
            backoff_s: how long it is left alone when it was asked too fast and did not say.
        """
        now = time.monotonic()
        if (failure.throttled or failure.retry_after_s) and place.resume_at <= now:
            place.throttles += 1
            self._pause(place, failure.retry_after_s or backoff_s)
        place.last_error = failure.why
        if not failure.broken or place.aside_since is not None:
            return
        place.strikes += 1
        if place.strikes >= _STRIKES or place.returns:
            self._set_aside(place)

    async def close(self) -> None:
        """Stop looking, and end all connections."""
        for task in self._looking:
            task.cancel()
        await asyncio.gather(*self._looking, return_exceptions=True)
        for place in self.places:
            await place.server.close()

    def _roomiest(self, avoid: Place | None) -> Place | None:
        free = [place for place in self.places if place.free_share > 0]
        others = [place for place in free if place is not avoid]
        return max(others or free, key=lambda place: place.free_share, default=None)

    def _pause(self, place: Place, seconds: float) -> None:
        place.resume_at = time.monotonic() + seconds
        _LOG.info("%s wants to be left alone for %.1f s", place.server.url, seconds)
        asyncio.get_running_loop().call_later(seconds + _CLOCK_S, self._wake, place.server.concurrency)

    def _set_aside(self, place: Place) -> None:
        place.aside_since = time.monotonic()
        place.returns += 1
        place.checked = False  # whoever answers there next may be another server
        _LOG.warning("%s is set aside: %s", place.server.url, place.last_error)
        task = asyncio.ensure_future(self._look_until_it_answers(place))
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def _look_until_it_answers(self, place: Place) -> None:
        while not self._died():
            await asyncio.sleep(min(place.wait_s, self._unhealthy_s))
            place.wait_s = min(2 * place.wait_s, self._longest_s)
            try:
                await place.server.look()
            except Failed as failure:
                place.last_error = failure.why
            except EngineError as error:
                self._die(error)
                return
            else:
                break
        else:
            return
        _LOG.info("%s answers again", place.server.url)
        place.aside_since, place.strikes = None, 0
        self._wake(place.server.concurrency)

    def _died(self) -> bool:
        """Whether no server is left, which is then told."""
        now = time.monotonic()
        for place in self.places:
            if place.aside_since is None:
                return False
            if now - place.aside_since < self._unhealthy_s and place.returns <= _RETURNS:
                return False
        self._die(
            EngineError(
                f"No server answers any more (unhealthy_s = {self._unhealthy_s:g}): {self._errors()}. "
                "Mend one and run again: what was finished is kept."
            )
        )
        return True

    def _errors(self) -> str:
        return "; ".join(f"{place.server.url} ({place.last_error})" for place in self.places)

    def _wake(self, n: int) -> None:
        while n > 0 and self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                n -= 1
