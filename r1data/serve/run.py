"""Serve a model until SIGTERM, Ctrl+C, or the end of its engine.

What this does not protect against: other users of this machine, who reach a server without a token too.
"""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import uvicorn

from r1data.errors import ConfigError
from r1data.serve.address import LOOPBACK, is_loopback, listen
from r1data.serve.app import application
from r1data.serve.backend import Vllm, find, token_counter
from r1data.serve.refusal import Refusal
from r1data.serve.serving import Serving
from r1data.serve.slots import Slots
from r1data.serve.upstream import Upstream

log = logging.getLogger("r1data")
TOKEN = "R1DATA_TOKEN"
"""Environment variable with the token that clients must send."""
GRACE_S = 30
"""Seconds that running requests have to finish once the server is asked to end."""
_LOOK_S = 0.5


def serve(
    name: str,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    slots: int = 128,
    queue: int = 256,
    context_tokens: int | None = None,
    flags: Sequence[str] = (),
) -> None:
    """Serve a model; returns when it is asked to end.

    Args:
        name: a student, or a model as `resolve` takes it.
        host: address to listen on; beyond this machine only with a token.
        port: port to listen on; 0 takes a free one.
        slots: completions decoded at once.
        queue: requests that may wait beyond these.
        context_tokens: prompt and completion together; None for what the model was made for.
        flags: further flags of vLLM.

    Raises:
        ConfigError: there is no such model, the port is taken, or the host needs a token.
        EngineError: vLLM ended.
    """
    token = checked_token(host)
    served = find(name)
    with (
        listen(host, port) as door,
        Vllm(served, slots=slots, context_tokens=context_tokens, flags=flags) as vllm,
    ):
        where = f"http://{f'[{host}]' if ':' in host else host}:{door.getsockname()[1]}"
        log.info(
            "Serving %s at %s/v1 in a minute; Ctrl+C ends it. vLLM's log is %s", served.name, where, vllm.log
        )
        upstream = Upstream(vllm.socket)
        serving = Serving(upstream, Slots(slots, queue), token_counter(served.model))
        hosts = (*LOOPBACK, host) if is_loopback(host) else ("*",)
        server = uvicorn.Server(
            uvicorn.Config(
                application(serving, token=token, hosts=hosts),
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=GRACE_S,
                server_header=False,
            )
        )
        with _no_second_signal(), asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
            runner.run(_serve(server, door, serving, vllm))


def checked_token(host: str) -> str | None:
    """The token of the environment; None without one.

    Raises:
        ConfigError: it cannot stand in a header, or there is none and the host is not this machine alone.
    """
    token = os.environ.get(TOKEN, "").strip() or None
    if token is not None and not (token.isascii() and token.isprintable()):
        raise ConfigError(f"{TOKEN} holds letters that no header can hold. Use ASCII.")
    if token is None and not is_loopback(host):
        raise ConfigError(
            f"{host} can be reached from other machines. Set {TOKEN} to a secret that clients must send, or "
            "leave --host at 127.0.0.1."
        )
    return token


async def _serve(server: uvicorn.Server, door: socket.socket, serving: Serving, vllm: Vllm) -> None:
    async with serving.upstream:
        watching = asyncio.create_task(_watch(server, serving, vllm))
        try:
            await server.serve(sockets=[door])
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching


async def _watch(server: uvicorn.Server, serving: Serving, vllm: Vllm) -> None:
    """Say when the model answers; end the server when its engine ends.

    Raises:
        EngineError: it ended.
    """
    while not server.should_exit:
        if error := await asyncio.to_thread(vllm.ended):
            serving.waits_for = "vLLM ended"
            server.should_exit = True
            raise error
        if serving.waits_for is not None:
            with suppress(Refusal):
                await serving.upstream.ready()
                serving.waits_for = None
                log.info("The model answers")
        await asyncio.sleep(_LOOK_S)


@contextmanager
def _no_second_signal() -> Iterator[None]:
    """uvicorn raises the signal that ended it once more; by then vLLM is still to be stopped."""
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
