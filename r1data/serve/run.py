"""Serve a model until SIGTERM, Ctrl+C, or the end of its engine.

What this does not protect against: other users of this machine, who reach a server without a token too.
"""

import asyncio
import logging
import os
import resource
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
_OPEN_FILES = 65_536


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
    allow_connections()
    with (
        _signals() as came,
        listen(host, port) as door,
        Vllm(served, slots=slots, context_tokens=context_tokens, flags=flags) as vllm,
    ):
        where = f"http://{f'[{host}]' if ':' in host else host}:{door.getsockname()[1]}"
        log.info(
            "Serving %s at %s/v1 in a minute; Ctrl+C ends it. vLLM's log is %s", served.name, where, vllm.log
        )
        upstream = Upstream(vllm.socket)
        stops = served.sampling.stops if served.sampling else ()
        serving = Serving(upstream, Slots(slots, queue), token_counter(served.model), stops=stops)
        hosts = (*LOOPBACK, host) if token is None else ("*",)  # a web page does not know the token
        server = server_of(serving, token=token, hosts=hosts)
        with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
            runner.run(_serve(server, door, serving, vllm, came))


def server_of(
    serving: Serving, *, token: str | None = None, hosts: Sequence[str] = LOOPBACK
) -> uvicorn.Server:
    """The HTTP server of a model; `token` and `hosts` as `application` takes them."""
    return uvicorn.Server(
        uvicorn.Config(
            application(serving, token=token, hosts=hosts),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=GRACE_S,
            server_header=False,
        )
    )


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


async def _serve(
    server: uvicorn.Server, door: socket.socket, serving: Serving, vllm: Vllm, came: list[int]
) -> None:
    async with serving.upstream:
        watching = asyncio.create_task(_watch(server, serving, vllm, came))
        try:
            await server.serve(sockets=[door])
        finally:
            serving.close()
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching


async def _watch(server: uvicorn.Server, serving: Serving, vllm: Vllm, came: list[int]) -> None:
    """Say when the model answers; end the server when its engine ends, or a signal came before it ran.

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
        server.should_exit = server.should_exit or bool(came)


def allow_connections() -> None:
    """Let as many connections wait as the system allows; many systems begin with 1,024 open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY:
        wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Note the signals that ask for an end while uvicorn does not: before it runs, and when it raises the one
    that ended it once more. By then vLLM is still to be stopped.
    """
    came = list[int]()
    before = {
        number: signal.signal(number, lambda number, frame: came.append(number))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
