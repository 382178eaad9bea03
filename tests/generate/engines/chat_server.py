"""A scripted server of chat completions on 127.0.0.1: real HTTP, with every fault that a server can have."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from r1data.generate.attempts import Attempt
from r1data.generate.engine import Completion, Request
from r1data.generate.engines.openai.engine import OpenaiEngine
from r1data.generate.models import resolve
from r1data.recipe import Generate

COMPLETIONS = "/v1/chat/completions"
TIMEOUT_S = 20
ANSWERED_S = 120
"""A real model on a machine with other work may take as long for a few long prompts."""


@dataclass(frozen=True)
class Reply:
    """What the server does with one request."""

    status: int = 200
    content: Any = None
    """Bytes as they are, anything else as JSON; None for a completion that says `4`."""
    headers: dict[str, str] = field(default_factory=dict)
    missing_bytes: int = 0
    """Bytes that are promised, and never come."""
    hangs: bool = False
    """It never answers."""


def said(content: str | None = "4", finish_reason: str | None = "stop", **more: Any) -> dict[str, Any]:
    """The JSON of a chat completion; `usage` and `message` add to what is there."""
    message = {"role": "assistant", "content": content} | more.pop("message", {})
    usage = more.pop("usage", {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10})
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    return {"id": "c", "object": "chat.completion", "choices": [choice], "usage": usage, **more}


def refusal(status: int, message: str, **more: Any) -> Reply:
    """An error as OpenAI's API words it."""
    return Reply(status, {"error": {"message": message, **more}})


@dataclass(frozen=True)
class Received:
    """A request that came in."""

    at: float
    path: str
    body: Any
    headers: dict[str, str]


class ChatServer:
    """Answers its `script` in turn, then whatever `otherwise` says. Starts at once; `with` ends it."""

    def __init__(
        self,
        *script: Reply,
        otherwise: Callable[[int, Any], Reply] = lambda number, body: Reply(),
        models: Reply | None = None,
        paths: dict[str, Callable[[Any], Reply]] | None = None,
        delay_s: float = 0.0,
    ) -> None:
        self.received: list[Received] = []
        self.peak = 0
        """Most completions that it worked on at once."""
        self._script, self._otherwise, self._delay_s = list(script), otherwise, delay_s
        self._models = models or Reply(200, {"data": [{"id": "m"}]})
        self._paths = paths or {}
        self._lock = threading.Lock()
        self._working = 0
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def asked(self, path: str = COMPLETIONS) -> list[Received]:
        """Requests for a path, in the order in which they came."""
        return [request for request in self.received if request.path == path]

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._ended = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._server = _Http(("127.0.0.1", self._port), _Handler)
        self._server.chat = self
        self._port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        """Die: nobody listens, and every connection is cut."""
        self._ended.set()
        self._server.shutdown()
        self._thread.join()
        for connection in list(self._sockets):
            with suppress(OSError):  # the other side was first
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()  # waits for the handlers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def decide(self, path: str, body: Any, headers: dict[str, str]) -> Reply:
        """What to do with a request."""
        with self._lock:
            self.received.append(Received(time.monotonic(), path, body, headers))
            if path == "/v1/models":
                return self._models
            if path in self._paths:
                return self._paths[path](body)
            if path != COMPLETIONS:
                return refusal(404, "Not Found")
            number = len(self.asked())
            reply = self._script.pop(0) if self._script else self._otherwise(number, body)
            self._working += 1
            self.peak = max(self.peak, self._working)
        self._ended.wait(60 if reply.hangs else self._delay_s)
        with self._lock:
            self._working -= 1
        return reply


class _Http(ThreadingHTTPServer):
    chat: ChatServer
    allow_reuse_address = True
    daemon_threads = False
    request_queue_size = 128

    def process_request(self, request: socket.socket, client_address: Any) -> None:
        self.chat._sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:
        self.chat._sockets.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def log_message(self, *words: object) -> None:
        """Silent."""

    def _answer(self, body: Any) -> None:
        reply = self.server.chat.decide(
            self.path, body, {name.lower(): value for name, value in self.headers.items()}
        )
        if reply.hangs:
            self.close_connection = True
            return
        content = said() if reply.content is None else reply.content
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(reply.status)
        for name, value in {
            "Content-Length": str(len(content) + reply.missing_bytes),
            **reply.headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = self.close_connection or reply.missing_bytes > 0


def engine_for(
    *servers: ChatServer | str,
    concurrency: int | tuple[int, ...] = 4,
    key: str | None = None,
    **settings: Any,
) -> OpenaiEngine:
    """An engine that asks these servers (or addresses) for model `m`, and does not wait long."""
    urls = [server if isinstance(server, str) else server.url for server in servers]
    rooms = concurrency if isinstance(concurrency, tuple) else [concurrency] * len(urls)
    endpoints = [
        {"url": url, "concurrency": room, "api_key_env": key} for url, room in zip(urls, rooms, strict=True)
    ]
    quick = {"max_backoff_s": 0.05, "timeout_s": 10, "endpoints": endpoints} | settings
    return OpenaiEngine(Generate(engine="openai", openai=quick), resolve("api:m"))


def requests(attempts: Iterable[Attempt]) -> list[Request]:
    """What an engine is given of attempts."""
    return [attempt.request for attempt in attempts]


def ask(engine: OpenaiEngine, attempts: Iterable[Attempt]) -> list[Completion]:
    """The completions of attempts, in order."""
    asked = requests(attempts)
    engine.submit(asked)
    found, deadline = {}, time.monotonic() + ANSWERED_S
    while len(found) < len(asked) and time.monotonic() < deadline:
        found |= {completion.rollout_id: completion for completion in engine.poll(1)}
    assert len(found) == len(asked) and engine.pending == 0
    return [found[request.rollout_id] for request in asked]
