"""The endpoints of a server, as an ASGI application."""

import hmac
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from r1data.serve import budgeted, relay
from r1data.serve.address import LOOPBACK
from r1data.serve.budget import budget_of, check_options
from r1data.serve.exchange import JSON, Answer, Exchange, Work
from r1data.serve.refusal import Refusal, invalid
from r1data.serve.serving import Serving
from r1data.serve.upstream import CHAT, COMPLETIONS

OPEN_PATHS = ("/health", "/ready")
"""Paths that need no token: probes have none."""


def application(serving: Serving, *, token: str | None = None, hosts: Sequence[str] = LOOPBACK) -> ASGIApp:
    """The endpoints.

    Args:
        serving: the model.
        token: what `Authorization: Bearer …` must hold; None for no such check.
        hosts: names under which it is asked; others are refused, so that no web page can have its own name
            point here. `*` is any.
    """

    routes = [
        Route(path, Exchange(path, work, serving.metrics), methods=["POST"])
        for path, work in _works(serving).items()
    ]
    routes += [Route(path, page) for path, page in _pages(serving).items()]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=[*hosts]),
            Middleware(_Token, token=token),
        ],
        exception_handlers={404: _no_such_path, 405: _no_such_path},
    )


def _works(serving: Serving) -> dict[str, Work]:
    """What takes JSON, by path."""

    async def chat(body: dict[str, Any], answer: Answer) -> None:
        check_options(body)
        budget = budget_of(body)
        serving.admit()
        if serving.stops and body.get("stop") is None:
            body["stop"] = list(serving.stops)
        if budget is None:
            body.pop("budget", None)
            await relay.chat(serving, body, answer)
        else:
            await budgeted.chat(serving, body, budget, answer)

    async def completions(body: dict[str, Any], answer: Answer) -> None:
        if "budget" in body:
            raise invalid(f"`budget` is for {CHAT}.", "budget")
        check_options(body)
        serving.admit()
        await relay.completions(serving, body, answer)

    async def feedback(body: dict[str, Any], answer: Answer) -> None:
        serving.thumb(body)
        await answer.whole(200, b'{"counted": true}')

    return {CHAT: chat, COMPLETIONS: completions, "/v1/feedback": feedback}


def _pages(serving: Serving) -> dict[str, Callable[[Request], Awaitable[Response]]]:
    """What is only read, by path."""

    async def health(request: Request) -> Response:
        return _json({"alive": True})

    async def ready(request: Request) -> Response:
        why = serving.waits_for
        return _json({"ready": True}) if why is None else _json({"ready": False, "waits_for": why}, 503)

    async def metrics(request: Request) -> Response:
        text = serving.metrics.text(waiting=serving.slots.waiting, running=serving.slots.running)
        try:
            status, theirs = await serving.upstream.get("/metrics")
        except Refusal:
            status, theirs = 503, b""  # the model is down, which our own metrics tell
        theirs = theirs if status == 200 else b""
        return Response(text + theirs, media_type=CONTENT_TYPE_LATEST)

    async def models(request: Request) -> Response:
        try:
            serving.check_ready()
            status, page = await serving.upstream.get("/v1/models")
        except Refusal as refusal:
            return Response(refusal.body(), refusal.status, refusal.headers, JSON.decode())
        return Response(page, status, media_type=JSON.decode())

    return {"/health": health, "/ready": ready, "/metrics": metrics, "/v1/models": models}


class _Token:
    """ASGI middleware: all but the probes need the token."""

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._wanted = None if token is None else f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._wanted is not None and scope["type"] == "http" and scope["path"] not in OPEN_PATHS:
            scheme, _, secret = dict(scope["headers"]).get(b"authorization", b"").partition(b" ")
            given = b"Bearer " + secret if scheme.lower() == b"bearer" else b""
            if not hmac.compare_digest(given, self._wanted):
                message = "Send `Authorization: Bearer …` with the token of this server (R1DATA_TOKEN)."
                refusal = Refusal(
                    401, message, "authentication_error", headers={"WWW-Authenticate": "Bearer"}
                )
                return await Answer(send).refuse(refusal)
        await self._app(scope, receive, send)


async def _no_such_path(request: Request, error: Exception) -> Response:
    known = f"POST {CHAT}, {COMPLETIONS} and /v1/feedback; GET /v1/models, /metrics, /health and /ready"
    refusal = invalid(f"There is no {request.method} {request.url.path}. There are {known}.", status=404)
    return Response(refusal.body(), 404, media_type=JSON.decode())


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type=JSON.decode())
