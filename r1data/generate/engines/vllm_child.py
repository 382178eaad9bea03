"""The child side of vLLM: `python -m r1data.generate.engines.vllm_child FD`; messages: `vllm_process.py`."""

import asyncio
import math
import os
import sys
import threading
import time
import traceback
from dataclasses import asdict, replace
from multiprocessing.connection import Connection
from typing import Any

import orjson
import vllm
from transformers import AutoTokenizer
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.inputs import tokens_input
from vllm.outputs import CompletionOutput
from vllm.platforms import current_platform
from vllm.sampling_params import RequestOutputKind, SamplingParams, StructuredOutputsParams
from vllm.v1.engine.async_llm import AsyncLLM
from vllm.v1.engine.exceptions import EngineDeadError
from vllm.v1.metrics.reader import Counter, get_metrics_snapshot

from r1data.generate.engine import Completion, Request
from r1data.generate.render import Rendered, chat_ids
from r1data.recipe import Sampling
from r1data.text import thought, with_tags

_RENDERED = 1024  # prompts whose tokens are kept, since the rollouts of a prompt come one after the other
_STEP_TOKENS = 2048  # vLLM's default
_UNFINISHED = {
    "abort": "vLLM aborted it",
    "error": "vLLM reports a fault of its own, which its log tells",
    "repetition": "vLLM ended a pattern of tokens that repeats",
}
_COUNTERS = {
    "vllm:generation_tokens": "completion_tokens",
    "vllm:prompt_tokens": "prompt_tokens",
    "vllm:prompt_tokens_cached": "cached_tokens",
    "vllm:num_preemptions": "preemptions",
}
_PROBE = Request("probe", "probe", 0, ({"role": "user", "content": "What is 2 + 2?"},), seed=0, max_tokens=1)


class Server:
    """Turns requests from the connection into completions."""

    def __init__(self, connection: Connection, settings: dict[str, Any]) -> None:
        """Load the model; needs a running event loop.

        Raises:
            InputError: the chat template and the tokenizer do not fit together.
        """
        self._connection = connection
        self._context = settings["context_tokens"]
        self._template = settings["chat_template"]
        self._tokenizer = AutoTokenizer.from_pretrained(
            settings["model"], trust_remote_code=settings["allow_code"]
        )
        self._rendered: dict[bytes, Rendered] = {}
        chat_ids(self._tokenizer, _PROBE, self._template)
        self._engine = AsyncLLM.from_engine_args(_arguments(settings))
        self._inbox: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._finished: list[dict[str, Any]] = []
        self._news = asyncio.Event()
        self._received = self._open = 0

    async def serve(self) -> None:
        """Work until the other side closes the connection."""
        threading.Thread(target=self._read, args=(asyncio.get_running_loop(),), daemon=True).start()
        await self._send({"ready": vllm.__version__})
        self._start(self._report())
        while (message := await self._inbox.get()) is not None:
            if "load" in message:
                await self._load(message["load"])
                continue
            if "counters" in message:
                await self._send({"counters": _counters()})
                continue
            self._received += len(message["requests"])
            self._open += len(message["requests"])
            for fields in message["requests"]:
                self._start(self._run(_request(fields)))
        self._engine.shutdown()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        """Runs in a thread, so that the other side never blocks while it sends."""
        try:
            while True:
                message = orjson.loads(self._connection.recv_bytes())
                loop.call_soon_threadsafe(self._inbox.put_nowait, message)
        except (EOFError, OSError):
            loop.call_soon_threadsafe(self._inbox.put_nowait, None)

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _die(self._connection, error)

    async def _run(self, request: Request) -> None:
        completion = await self._complete(request)
        self._finished.append(asdict(completion))
        self._open -= 1
        self._news.set()

    async def _report(self) -> None:
        """Send what finished since the last time, as often as the other side reads."""
        while await self._news.wait():
            self._news.clear()
            batch, self._finished = self._finished, []
            await self._send({"finished": batch, "received": self._received, "open": self._open})

    async def _send(self, message: dict[str, Any]) -> None:
        await asyncio.to_thread(self._connection.send_bytes, orjson.dumps(message))

    async def _load(self, folder: str) -> None:
        await self._engine.collective_rpc("reload_weights", kwargs={"weights_path": folder})
        if not await self._engine.reset_prefix_cache():
            raise RuntimeError("the prefix cache of the old weights could not be dropped")
        await self._send({"loaded": folder})

    async def _complete(self, request: Request) -> Completion:
        began = time.monotonic()
        try:
            rendered = self._render(request)
        except Exception as error:  # a prompt that cannot be rendered is one row, whatever the reason
            return _failed(request, "rejected", error)
        n_prompt = len(rendered.ids)
        room = self._context - n_prompt
        if room < 1:
            why = ValueError(f"its {n_prompt} tokens leave no room in a context of {self._context}")
            return replace(_failed(request, "rejected", why), prompt_tokens=n_prompt)
        prompt = tokens_input(rendered.ids)
        try:
            parameters = _parameters(request, min(request.max_tokens, room), rendered.opening)
            async for result in self._engine.generate(prompt, parameters, request.rollout_id):
                final = result
        except EngineDeadError:
            raise
        except Exception as error:
            if self._engine.errored:
                raise
            return replace(_failed(request, "error", error.__cause__ or error), prompt_tokens=n_prompt)
        written = final.outputs[0]
        reason = written.finish_reason or "error"
        return Completion(
            rollout_id=request.rollout_id,
            text=rendered.opening + written.text,
            finish_reason=reason,
            prompt_tokens=n_prompt,
            completion_tokens=len(written.token_ids),  # with the token that ended it, as vLLM counts too
            elapsed_s=time.monotonic() - began,
            cached_tokens=final.num_cached_tokens,
            detail=_UNFINISHED.get(reason),
            logprobs=_logprobs(written) if request.top_logprobs else None,
        )

    def _render(self, request: Request) -> Rendered:
        key = orjson.dumps([request.messages, request.prefill, request.thinking, request.thought_marks])
        if key not in self._rendered:
            if len(self._rendered) >= _RENDERED:
                self._rendered.clear()
            self._rendered[key] = chat_ids(self._tokenizer, request, self._template)
        return self._rendered[key]


def _request(fields: dict[str, Any]) -> Request:
    sampling = Sampling.model_validate(fields["sampling"])
    tuples = {name: tuple(fields[name]) for name in ("messages", "thought_marks", "choices")}
    return Request(**fields | tuples | {"sampling": sampling})


def _failed(request: Request, finish_reason: str, error: BaseException) -> Completion:
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return Completion(request.rollout_id, "", finish_reason, 0, 0, 0.0, detail=said)


def _counters() -> dict[str, float]:
    """What vLLM has counted, all copies of the model together."""
    counted = dict.fromkeys(_COUNTERS.values(), 0)
    for metric in get_metrics_snapshot():
        if isinstance(metric, Counter) and metric.name in _COUNTERS:
            counted[_COUNTERS[metric.name]] += metric.value
    return counted


def _parameters(request: Request, max_tokens: int, opening: str) -> SamplingParams:
    """Every value is explicit, else the model's generation_config would fill it in.

    Special tokens stay in the text: what the model wrote is stored raw, without the token that ended it.
    """
    sampling = request.sampling
    return SamplingParams(
        seed=request.seed,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=sampling.top_k,
        min_p=sampling.min_p,
        stop=list(sampling.stops),
        max_tokens=max_tokens,
        skip_special_tokens=False,
        spaces_between_special_tokens=False,
        output_kind=RequestOutputKind.FINAL_ONLY,
        structured_outputs=_structure(request, opening),
        logprobs=request.top_logprobs or None,
    )


def _structure(request: Request, opening: str) -> StructuredOutputsParams | None:
    """What the text must follow; nothing after a thought that `opening` leaves open, which is free text."""
    if thought(with_tags(opening, request.thought_marks)).answer_start is None:
        return None
    if request.choices:
        return StructuredOutputsParams(choice=list(request.choices))
    if request.json_schema is None:
        return None
    # Small models fill a JSON text with blanks until the cap if they may.
    return StructuredOutputsParams(json=request.json_schema, disable_any_whitespace=True)


def _logprobs(written: CompletionOutput) -> list[tuple[str, dict[str, float]]] | None:
    """Text of each token and the likeliest ones there; those that were not allowed are left out."""
    if written.logprobs is None:
        return None
    found = []
    for token, likeliest in zip(written.token_ids, written.logprobs, strict=True):
        kept: dict[str, float] = {}
        for one in likeliest.values():
            if math.isfinite(one.logprob):
                text = one.decoded_token or ""
                kept[text] = max(one.logprob, kept.get(text, -math.inf))
        found.append((likeliest[token].decoded_token or "", kept))
    return found


def _arguments(settings: dict[str, Any]) -> AsyncEngineArgs:
    context = settings["context_tokens"]
    on_cpu: dict[str, Any] = {
        "enforce_eager": True,
        "kv_cache_memory_bytes": settings["kv_cache_bytes"],
        # A split prefill of a seeded request kills vLLM 0.32 on CPU: "CPU Generator does not use offset".
        "enable_chunked_prefill": False,
        "max_num_batched_tokens": max(_STEP_TOKENS, context),
        # The default of 128 leaves half of a few-shot prompt out of the prefix cache; with 32, the smallest
        # that the CPU's attention takes, 512 short rollouts of 64 prompts took 26 s instead of 52 s.
        "block_size": 32,
    }
    on_gpu = {"gpu_memory_utilization": settings["gpu_memory_share"]}
    return AsyncEngineArgs(
        model=settings["model"],
        trust_remote_code=settings["allow_code"],
        load_format="auto" if settings["allow_code"] else "safetensors",
        dtype=settings["dtype"],
        max_model_len=context,
        max_num_seqs=settings["max_num_seqs"],
        tensor_parallel_size=settings["tensor_parallel"],
        data_parallel_size=settings["data_parallel"],
        enable_prefix_caching=True,
        disable_log_stats=False,  # `counters` reads them
        enable_log_requests=False,
        **(on_cpu if current_platform.is_cpu() else on_gpu),
    )


def _die(connection: Connection, error: BaseException) -> None:
    traceback.print_exception(error)
    sys.stderr.flush()
    connection.send_bytes(orjson.dumps({"fatal": f"{type(error).__name__}: {error}"}))
    os._exit(1)  # the supervisor ends vLLM's own processes


async def _main(connection: Connection) -> None:
    settings = orjson.loads(connection.recv_bytes())["settings"]
    await Server(connection, settings).serve()


if __name__ == "__main__":
    descriptor = int(sys.argv[1])
    os.set_inheritable(descriptor, False)
    channel = Connection(descriptor)
    try:
        asyncio.run(_main(channel))
    except Exception as error:  # whatever it is, the parent must hear of it
        _die(channel, error)
