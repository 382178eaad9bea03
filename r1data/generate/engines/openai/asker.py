"""One rollout on servers: where it is sent, when it is sent again, and what it ends as."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from r1data.errors import EngineError
from r1data.generate.engine import Completion, Request
from r1data.generate.engines.chat import NotAChatCompletion, body, completion
from r1data.generate.engines.openai.check import check
from r1data.generate.engines.openai.endpoints import Endpoints, Place
from r1data.generate.engines.openai.limits import Limits
from r1data.generate.engines.openai.server import Denied, Failed, Server
from r1data.generate.engines.refused import Refused
from r1data.recipe import Generate

COUNTED = (
    "requests", "failures", "retries", "completions", "prompt_tokens", "cached_tokens", "completion_tokens",
)  # fmt: skip
"""What is counted: requests sent, those that failed and those that repeated one; what servers counted."""

_FIRST_BACKOFF_S = 0.5
_MISFITS = 8
"""Refused requests before the first answer that are taken for a mistake in the recipe."""


@dataclass
class _Job:
    request: Request
    submitted: float
    sent: int = 0
    """Requests that a server was sent and failed."""
    failed_at: Place | None = None
    """Where the last of them failed."""


class Asker:
    """Turns requests into completions. All of it runs in one event loop."""

    def __init__(
        self, generate: Generate, model: str, servers: list[Server], die: Callable[[EngineError], None]
    ) -> None:
        """Args: `die` is told when no server is left."""
        self._settings, self._context, self._model = generate.openai, generate.context_tokens, model
        self.endpoints = Endpoints(servers, self._settings, die)
        self.counted: Counter[str] = Counter(dict.fromkeys(COUNTED, 0))
        self._limits = Limits(self._settings.requests_per_minute, self._settings.tokens_per_minute)
        self._jitter = wait_random_exponential(multiplier=_FIRST_BACKOFF_S, max=self._settings.max_backoff_s)
        self._misfits = 0

    async def complete(self, request: Request) -> Completion:
        """Ask until a server answers, or until it has been asked often enough; a fault becomes a row.

        Raises:
            EngineError: no repetition would help any request.
        """
        job = _Job(request, time.monotonic())
        asking = AsyncRetrying(
            stop=stop_after_attempt(self._settings.max_retries + 1),
            wait=self._jitter,  # another server may be free while one wants to be left alone
            retry=retry_if_exception_type(Failed),
            reraise=True,
        )
        try:
            return await asking(self._attempt, job)
        except Denied as denied:
            return self._refuse(job, denied.refused)
        except Failed as failure:
            seconds, name = time.monotonic() - job.submitted, request.rollout_id
            return Completion(name, "", "error", 0, 0, seconds, retries=job.sent - 1, detail=failure.why)

    async def _attempt(self, job: _Job) -> Completion:
        """Ask one server once.

        Raises:
            Failed, Denied: it did not answer.
            EngineError: no repetition would help any request.
        """
        place, reserved = await self._place(job)
        try:
            return await self._ask(job, place, reserved)
        except Failed as failure:
            job.failed_at = place
            job.sent += 1
            self.counted["failures"] += 1
            self.endpoints.failed(place, failure, self._pause_s(place.throttles))
            raise
        finally:
            self.endpoints.release(place)

    async def _place(self, job: _Job) -> tuple[Place, int]:
        """A slot of a server and the tokens reserved, once both limits allow to send."""
        while True:
            place = await self.endpoints.acquire(avoid=job.failed_at)
            reserved = self._limits.estimate(job.request)
            await self._limits.take(reserved)
            if place.is_open:
                return place, reserved
            self._limits.correct(-reserved)
            self.endpoints.release(place)

    async def _ask(self, job: _Job, place: Place, reserved: int) -> Completion:
        request = self._capped(job.request, place.server)
        await self._check(request, place)
        try:
            return await self._send(job, request, place, reserved)
        except Denied as denied:
            self.endpoints.answered(place)
            room = denied.refused.room
            if room is None or room >= request.max_tokens:
                raise
        request = replace(request, max_tokens=room)
        reserved = self._limits.estimate(request)
        await self._limits.take(reserved)
        return await self._send(job, request, place, reserved)

    async def _send(self, job: _Job, request: Request, place: Place, reserved: int) -> Completion:
        """Send a request, and tell the limits what it really used."""
        used = 0
        self.counted["requests"] += 1
        self.counted["retries"] += job.sent > 0
        try:
            answer = await place.server.ask(self._body(request, place.server))
            used = reserved
            found = completion(
                request,
                answer,
                elapsed_s=time.monotonic() - job.submitted,
                retries=job.sent,
                reasoning_kind=self._settings.reasoning_kind,
            )
            used = found.prompt_tokens + found.completion_tokens or reserved
        except NotAChatCompletion as error:
            raise Failed(str(error), broken=True, spent=True) from error
        except Failed as failure:
            used = reserved if failure.spent else 0
            raise
        finally:
            self._limits.correct(used - reserved)
        self.endpoints.answered(place)
        self._count(found)
        return found

    async def _check(self, request: Request, place: Place) -> None:
        """See once that the server receives what is meant, before anything is made on it."""
        async with place.checking:
            if not place.checked and place.is_open:
                await check(place.server, self._body(request, place.server))
                place.checked = True

    def _body(self, request: Request, server: Server) -> dict[str, object]:
        return body(request, self._model, server.explicit(request) | self._settings.extra_body)

    def _capped(self, request: Request, server: Server) -> Request:
        """A request whose cap the context can hold; servers refuse a larger one."""
        cap = min(request.max_tokens, self._context, server.max_tokens or request.max_tokens)
        return replace(request, max_tokens=cap)

    def _refuse(self, job: _Job, refused: Refused) -> Completion:
        if refused.finish_reason == "error" and not self.counted["completions"]:
            self._misfits += 1
            if self._misfits >= _MISFITS:
                raise EngineError(
                    f"The servers in [generate.openai] refuse every request: {refused.detail}. Correct "
                    '`extra_body`, where "$omit" leaves out a key that they do not take.'
                )
        elapsed_s = time.monotonic() - job.submitted
        return refused.completion(job.request, elapsed_s=elapsed_s, retries=job.sent)

    def _count(self, found: Completion) -> None:
        self._limits.learn(found.completion_tokens)
        self.counted["completions"] += 1
        self.counted["prompt_tokens"] += found.prompt_tokens
        self.counted["cached_tokens"] += found.cached_tokens or 0
        self.counted["completion_tokens"] += found.completion_tokens

    def _pause_s(self, throttles: int) -> float:
        """How long a server is left alone that was asked too fast and did not say for how long."""
        longest = min(self._settings.max_backoff_s, _FIRST_BACKOFF_S * 2 ** (throttles + 1))
        return longest * random.uniform(0.5, 1)
