"""Requests and tokens per minute, over all servers together.

Paced evenly, as the generic cell rate algorithm (ITU-T I.371) does: every request moves the moment at which
the next one may go. So no window of a minute holds more than the limit, which a leaky bucket that may burst
(such as that of `aiolimiter`) does not promise, and a reservation can be corrected once it is known what
was used.
"""

import asyncio
import time
from contextlib import suppress

from r1data.generate.engine import Request

_BYTES_PER_TOKEN = 4


class Limits:
    """Lets requests go one by one, no faster than both limits allow."""

    def __init__(self, requests_per_minute: float | None, tokens_per_minute: float | None) -> None:
        """Limits that are None do not bind. Needs a running event loop."""
        self._s_per_request = 60 / requests_per_minute if requests_per_minute else 0.0
        self._s_per_token = 60 / tokens_per_minute if tokens_per_minute else 0.0
        self._next_request = self._next_token = 0.0
        self._turn = asyncio.Lock()
        self._corrected = asyncio.Event()
        self._finished = self._completion_tokens = 0

    async def take(self, tokens: int) -> None:
        """Wait until a request that needs so many tokens may go, and reserve them; first come, first go."""
        async with self._turn:
            while (wait := max(self._next_request, self._next_token) - time.monotonic()) > 0:
                self._corrected.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._corrected.wait()
            now = time.monotonic()
            self._next_request = max(self._next_request, now) + self._s_per_request
            self._next_token = max(self._next_token, now) + tokens * self._s_per_token

    def correct(self, tokens: int) -> None:
        """Add what a request used beyond its reservation; negative when it used less."""
        self._next_token += tokens * self._s_per_token
        self._corrected.set()

    def estimate(self, request: Request) -> int:
        """Tokens that a request may use: its prompt, and what completions took so far on average.

        The first ones are taken to use all that they may.
        """
        prompt_bytes = sum(len(message["content"].encode()) for message in request.messages)
        average = self._completion_tokens // self._finished if self._finished else request.max_tokens
        return prompt_bytes // _BYTES_PER_TOKEN + min(average, request.max_tokens)

    def learn(self, completion_tokens: int) -> None:
        """Count a finished completion into the average."""
        self._finished += 1
        self._completion_tokens += completion_tokens
