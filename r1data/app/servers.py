"""Servers of models that the page starts for its chat: `r1data serve`, one per model, for all its windows.

Each is a child under a supervisor (`generate/supervised.py`), so all of them end when the page does,
however it ends. What this does not do: share a server with another page, or use one that somebody else
started.
"""

import asyncio
import os
import re
import socket
import sys
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from r1data import paths
from r1data.errors import EngineError
from r1data.generate.models import ModelFolder, folder_of, resolve
from r1data.generate.supervised import Supervised
from r1data.process import last_line
from r1data.recipe import Teacher

AT_ONCE = 2
"""Servers that are kept; the least lately used one makes room."""
HOST = "127.0.0.1"
TOKEN = "R1DATA_TOKEN"
"""The variable of the environment from which `r1data serve` takes what it wants to be sent."""
_FLAGS = ("--gpu-memory-utilization", "0.45")
"""Of vLLM, which takes nearly all of a GPU's memory without it; two have to fit."""
_LOOK_S = 0.5
_READY_S = 900.0


@dataclass
class Server:
    """A server of one model."""

    model: ModelFolder
    name: str
    """The model as it was asked for."""
    url: str
    """Up to and with `/v1`."""
    log: Path
    process: Supervised
    key: str | None
    """What it wants to be sent; None for nothing."""
    began: float = field(default_factory=time.monotonic)
    ready: bool = False
    in_place_of: str | None = None
    """The model whose server was ended for this one."""
    made_room: str | None = None
    """The model for which it was ended."""


class Servers:
    """The servers of this process."""

    def __init__(self) -> None:
        self._held: OrderedDict[Path, Server] = OrderedDict()
        self._lock = threading.Lock()

    async def wanted(self, teacher: Teacher) -> Server:
        """The server of a teacher's model, started if there is none; it may not answer yet.

        Raises:
            R1DataError: the model is not on this machine, or is none.
        """
        return await asyncio.to_thread(self._wanted, teacher)

    async def wait(self, server: Server) -> None:
        """Wait until a server answers.

        Raises:
            EngineError: it ended; says why, in one line, with its log.
        """
        async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:
            while not server.ready:
                await self._check(server)
                try:
                    answered = await client.get(f"{server.url.removesuffix('/v1')}/ready")
                    server.ready = answered.status_code == 200
                except httpx2.HTTPError:
                    pass  # it does not listen yet
                if not server.ready:
                    await asyncio.sleep(_LOOK_S)
        await self._check(server)

    def stop(self) -> None:
        """End all."""
        with self._lock:
            while self._held:
                self._held.popitem()[1].process.stop()

    async def _check(self, server: Server) -> None:
        late = not server.ready and time.monotonic() - server.began > _READY_S
        ended = server.process.wait(0) is not None
        if not ended and not late:
            return
        await asyncio.to_thread(self._forget, server)
        if server.made_room:
            raise EngineError(f"The server of {server.name} was ended to make room for {server.made_room}.")
        why = last_line(server.log.read_text(encoding="utf-8", errors="replace")) if ended else "not ready"
        raise EngineError(f"The server of {server.name} ended: {why[:300]}. Its log is {server.log}.")

    def _wanted(self, teacher: Teacher) -> Server:
        folder = folder_of(teacher.model, teacher.revision, allow_code=teacher.allow_model_code)
        with self._lock:
            if folder not in self._held:
                model = resolve(teacher.model, teacher.revision, allow_code=teacher.allow_model_code)
                room_of = None
                while len(self._held) >= AT_ONCE:
                    evicted = self._held.popitem(last=False)[1]
                    room_of, evicted.made_room = evicted.name, teacher.model
                    evicted.process.stop()  # before the next one needs its memory
                self._held[folder] = _start(teacher.model, model)
                self._held[folder].in_place_of = room_of
            self._held.move_to_end(folder)
            return self._held[folder]

    def _forget(self, server: Server) -> None:
        with self._lock:
            for folder, held in list(self._held.items()):
                if held is server:
                    del self._held[folder]
        server.process.stop()


def _start(name: str, model: ModelFolder) -> Server:
    port = _free_port()
    log = paths.home() / "logs" / "chat" / f"{re.sub(r'[^a-zA-Z0-9._-]+', '-', name)[-80:]}-{port}.log"
    log.unlink(missing_ok=True)
    command = [sys.executable, "-m", "r1data", "serve", name, "--port", str(port), "--", *_FLAGS]
    process = Supervised(command, pass_fds=(), log=log, environment=os.environ)
    return Server(model, name, f"http://{HOST}:{port}/v1", log, process, os.environ.get(TOKEN) or None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
