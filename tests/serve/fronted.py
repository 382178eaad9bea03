"""A front on a real port, before a scripted server of chat completions."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import orjson

from r1data.serve.address import listen
from r1data.serve.run import allow_connections, server_of
from r1data.serve.serving import Serving
from r1data.serve.slots import Slots
from r1data.serve.upstream import CHAT, Upstream
from tests.generate.engines.chat_server import ChatServer, Reply, said

QUESTION = {"model": "m", "messages": [{"role": "user", "content": "2 + 2?"}]}


def reply(text: str, **more: Any) -> Reply:
    """A completion as JSON."""
    return Reply(content=said(text, **more))


def chunks(*pieces: str, finish_reason: str = "stop", ids: list[int] | None = None) -> Reply:
    """A completion as vLLM streams it: a role, pieces, the reason why it ended, its usage."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}, *({"content": p} for p in pieces)]
    usage = {"prompt_tokens": 7, "completion_tokens": len(pieces), "total_tokens": 7 + len(pieces)}
    events = []
    for number, delta in enumerate(deltas):
        last = number == len(deltas) - 1
        choice = {
            "index": 0,
            "delta": delta,
            "logprobs": None,
            "finish_reason": finish_reason if last else None,
        }
        events.append(frame([choice | {"token_ids": [number]}], usage=usage))
    if ids:
        events[0]["prompt_token_ids"] = ids
    return stream(*events, frame([], usage=usage))


def frame(choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A chunk."""
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return head | {"choices": choices} | more


def stream(*events: dict[str, Any]) -> Reply:
    """Server-sent events, with the word that ends them."""
    lines = [orjson.dumps(event) for event in events] + [b"[DONE]"]
    content = b"".join(b"data: " + line + b"\n\n" for line in lines)
    return Reply(content=content, headers={"Content-Type": "text/event-stream"})


def template(prompt: str) -> dict[str, Any]:
    """The paths by which a server tells how its chat template ends a prompt."""
    return {
        "/tokenize": lambda body: Reply(content={"tokens": [90, 91]}),
        "/detokenize": lambda body: Reply(content={"prompt": prompt}),
    }


class Front(httpx2.Client):
    """A client of a front, and the front's insides."""

    serving: Serving

    def ask(self, **fields: Any) -> httpx2.Response:
        """Ask the question."""
        return self.post(CHAT, json=QUESTION | fields)

    def events(self, **fields: Any) -> list[Any]:
        """The events of a streamed answer, without the word that ends them."""
        answer = self.ask(stream=True, **fields)
        *found, done = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
        assert done == "[DONE]"
        return [orjson.loads(event) for event in found]

    def metric(self, name: str) -> float:
        """The number of a metric, by its name with its labels."""
        lines = self.get("/metrics").text.splitlines()
        return float(next(line for line in lines if line.startswith(f"{name} ")).rpartition(" ")[2])


@contextmanager
def front(
    server: ChatServer | str, *, slots: int = 4, queue: int = 4, token: str | None = None, ready: bool = True
) -> Iterator[Front]:
    """Serve until the block ends."""
    url = server if isinstance(server, str) else server.url.removesuffix("/v1")
    allow_connections()
    with listen("127.0.0.1", 0) as door:
        serving = Serving(Upstream(url), Slots(slots, queue), lambda text: len(text.split()))
        if ready:
            serving.waits_for = None
        running = server_of(serving, token=token)
        running.config.timeout_graceful_shutdown = 0

        async def run() -> None:
            async with serving.upstream:
                serving.upstream.context_tokens = 100
                await running.serve(sockets=[door])

        thread = threading.Thread(target=asyncio.run, args=(run(),))
        thread.start()
        try:
            with Front(base_url=f"http://127.0.0.1:{door.getsockname()[1]}", timeout=20) as client:
                client.serving = serving
                while not running.started:
                    time.sleep(0.01)
                yield client
        finally:
            running.should_exit = True
            thread.join()
