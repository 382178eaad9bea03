"""What all requests with a body have in common: reading it, answering it, and a client that goes away."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from starlette.types import Message, Receive, Scope, Send

from r1data.serve.metrics import Metrics
from r1data.serve.refusal import Refusal, invalid

log = logging.getLogger("r1data")
MAX_BODY_BYTES = 16 * 2**20
STALL_S = 60.0
"""Seconds after which a client that reads nothing of its stream counts as gone: it keeps a slot."""
_GONE = 499
"""Status under which a client is counted that went away; no standard has one."""
JSON, EVENTS = b"application/json", b"text/event-stream; charset=utf-8"


class Stalled(Exception):
    """A client does not read what it is sent."""


class Answer:
    """The answer of one request, whole or as a stream of events.

    All of its methods raise `Stalled` when the client reads nothing for `STALL_S`.
    """

    def __init__(self, send: Send) -> None:
        self._sends = send
        self.status = 0
        """Status that was sent; 0 before."""

    async def whole(self, status: int, content: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Answer with JSON."""
        more = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        await self._start(status, JSON, [(b"content-length", str(len(content)).encode()), *more])
        await self._send({"type": "http.response.body", "body": content})

    async def events(self, *events: bytes) -> None:
        """Send further events of a stream, which the first call begins."""
        if not self.status:
            await self._start(200, EVENTS, [(b"cache-control", b"no-cache")])
        body = b"".join([b"data: %b\n\n" % event for event in events])
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def end(self) -> None:
        """End a stream."""
        await self.events(b"[DONE]")
        await self._send({"type": "http.response.body", "body": b""})

    async def refuse(self, refusal: Refusal) -> None:
        """Answer with an error; in a stream that has begun, by an event."""
        if not self.status:
            return await self.whole(refusal.status, refusal.body(), refusal.headers)
        await self.events(refusal.body())
        await self.end()

    async def _send(self, message: Message) -> None:
        try:
            async with asyncio.timeout(STALL_S) as clock:
                await self._sends(message)
        except TimeoutError:
            if clock.expired():
                raise Stalled from None
            raise

    async def _start(self, status: int, kind: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        self.status = status
        await self._send(
            {"type": "http.response.start", "status": status, "headers": [(b"content-type", kind), *headers]}
        )


Work = Callable[[dict[str, Any], Answer], Awaitable[None]]
"""What answers a request: its JSON, and where the answer goes."""


class Exchange:
    """The ASGI application of one path that takes JSON."""

    def __init__(self, path: str, work: Work, metrics: Metrics) -> None:
        self._path, self._work, self._metrics = path, work, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what went wrong is told and counted."""
        began, answer = time.monotonic(), Answer(send)
        status = 0
        try:
            body = await _json(scope, receive)
            if await _unless_gone(receive, self._work(body, answer)):
                self._metrics.answered(self._path, time.monotonic() - began)
            else:
                status = self._gone()
        except Refusal as refusal:
            status = refusal.status
            self._metrics.errors.labels(refusal.kind).inc()
            await answer.refuse(refusal)
        except Stalled:
            log.info("A client read nothing of its stream for %.0f s; it counts as gone", STALL_S)
            status = self._gone()
        except Exception:  # a fault of ours must end this request alone
            log.exception("A request to %s failed", self._path)
            status = 500
            self._metrics.errors.labels("internal").inc()
            await answer.refuse(Refusal(500, "The server failed; its log says why.", "internal"))
        finally:
            self._metrics.requests.labels(self._path, str(status or answer.status)).inc()

    def _gone(self) -> int:
        self._metrics.errors.labels("disconnected").inc()
        return _GONE


async def _json(scope: Scope, receive: Receive) -> dict[str, Any]:
    """The JSON object that a request brings."""
    kind = dict(scope["headers"]).get(b"content-type", b"")
    if not kind.lower().startswith(JSON):  # a web page of another origin may send anything but this
        raise invalid("Send JSON, with the header `Content-Type: application/json`.", status=415)
    pieces, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise invalid("The client went away before it had sent its request.")
        pieces.append(message["body"])
        size += len(pieces[-1])
        if size > MAX_BODY_BYTES:
            raise invalid(f"The request is larger than {MAX_BODY_BYTES} bytes.", status=413)
        if not message["more_body"]:
            break
    try:
        body = orjson.loads(b"".join(pieces))
    except orjson.JSONDecodeError as error:
        raise invalid(f"The request is no JSON: {error}.") from error
    if not isinstance(body, dict):
        raise invalid("The request is no JSON object.")
    return body


async def _unless_gone(receive: Receive, work: Awaitable[None]) -> bool:
    """Do the work, unless the client goes away first, which cancels it; whether it was done."""
    working, gone = asyncio.ensure_future(work), asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            return False
        working.result()
        return True
    finally:
        working.cancel()
        gone.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
