"""The engine for OpenAI-compatible servers: vLLM, SGLang, Ollama, hosted APIs.

    [generate]
    engine = "openai"

    [[generate.openai.endpoints]]
    url = "https://api.example.com/v1"
    api_key_env = "EXAMPLE_API_KEY"

An event loop in a thread of its own asks the servers; the runner's side only queues requests and takes back
completions. What this does not promise: that a server is asked only once for a rollout. A request whose
answer was lost on the way is sent again, with the same seed.
"""

import asyncio
import queue
import threading
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Self

from r1data.errors import ConfigError, EngineError
from r1data.generate.engine import Completion, Request
from r1data.generate.engines.chat import body
from r1data.generate.models import OWN_TEMPLATE, ModelFolder
from r1data.recipe import Generate, Sampling

if TYPE_CHECKING:
    from r1data.generate.engines.openai.asker import Asker
    from r1data.generate.engines.openai.server import Server

_API = "api:"
_PROBE = Request(
    "probe", "probe", 0, (), 0, 1, Sampling(top_k=1, min_p=1, stops=("",)), prefill="", thinking=True,
    choices=("a",), top_logprobs=1,
)  # fmt: skip
"""Its body has every key that a body can have."""


class OpenaiEngine:
    """Chat completions of one model, from one or several servers."""

    def __init__(self, generate: Generate, model: ModelFolder) -> None:
        """Check the settings; nothing is sent yet.

        Raises:
            ConfigError: no endpoint is named, a key is missing, `extra_body` refers to nothing, or the model
                is none that servers know.
        """
        known_as = str(model.path)
        if not known_as.startswith(_API) or known_as == _API:
            raise ConfigError(
                f'The engine openai asks servers, which know no {known_as}. Write `model = "api:NAME"` in '
                "the teacher's file, with the NAME that the server lists at /v1/models."
            )
        if model.chat_template not in (None, OWN_TEMPLATE):
            raise ConfigError(
                "Servers render messages with a template of their own. Leave `chat_template` out of the "
                "teacher's file, and start the server with that template."
            )
        if not generate.openai.endpoints:
            raise ConfigError(
                "[generate.openai] names no endpoint. Write one: [[generate.openai.endpoints]], "
                'url = "http://127.0.0.1:8000/v1".'
            )
        self._generate, self._model = generate, known_as.removeprefix(_API)
        self.name = f"openai {self._model}"
        self.slots = sum(endpoint.concurrency for endpoint in generate.openai.endpoints)
        self._finished: queue.SimpleQueue[Completion | None] = queue.SimpleQueue()
        self._open = 0
        self._dead: EngineError | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread: threading.Thread | None = None
        self._asker: Asker | None = None
        self._servers()  # which finds what is wrong with them
        body(_PROBE, self._model, generate.openai.extra_body)

    def __enter__(self) -> Self:
        """Look at every server.

        Raises:
            ConfigError: a key is missing.
            EngineError: no server answers, or one does not accept its key.
        """
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="openai", daemon=True)
        self._thread.start()
        try:
            self._run(self._start())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        if self._thread is not None:
            self._run(self._end())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._thread = None
        self._open = 0

    @property
    def pending(self) -> int:
        """Requests that have not come back, as of the last `poll`."""
        return self._open

    def submit(self, requests: Sequence[Request]) -> None:
        """Queue requests; those for a dead engine are dropped, and `poll` tells."""
        if self._dead is None:
            self._open += len(requests)
            self._loop.call_soon_threadsafe(self._begin, list(requests))

    def poll(self, timeout_s: float) -> list[Completion]:
        """What finished since the last call; waits up to `timeout_s` for the first one.

        Raises:
            EngineError: no server is left, or none accepts what is asked; earlier calls returned all that
                had finished before.
        """
        found: list[Completion] = []
        wait = self._open > 0 and self._dead is None
        try:
            item = self._finished.get(timeout=timeout_s) if wait else self._finished.get_nowait()
            while True:
                found += [item] if item is not None else []
                item = self._finished.get_nowait()
        except queue.Empty:
            pass
        self._open -= len(found)
        if self._dead is not None and not found:
            raise self._dead
        return found

    def load(self, model: str) -> None:
        """Servers keep their weights.

        Raises:
            EngineError: always.
        """
        raise EngineError(
            f"{self.name} runs on servers, whose weights cannot be replaced by {model}. Start a server with "
            "these weights and name it in [generate.openai], or use the engine vllm."
        )

    def counters(self) -> dict[str, float]:
        """What was sent and what the servers counted (`openai_asker.COUNTED`)."""
        return {} if self._asker is None else dict(self._asker.counted)

    def _servers(self) -> list["Server"]:
        """The servers, with their keys."""
        from r1data.generate.engines.openai.server import Server

        settings = self._generate.openai
        return [Server(endpoint, self._model, settings.timeout_s) for endpoint in settings.endpoints]

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        doing = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            doing.result()
        except BaseException:  # a signal while it waited
            doing.cancel()
            raise

    async def _start(self) -> None:
        from r1data.generate.engines.openai.asker import Asker

        self._asker = Asker(self._generate, self._model, self._servers(), self._die)
        await self._asker.endpoints.start()

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._asker is not None:
            await self._asker.endpoints.close()
        await self._loop.shutdown_asyncgens()
        await self._loop.shutdown_default_executor()

    def _begin(self, requests: list[Request]) -> None:
        for request in requests if self._dead is None else []:
            task = self._loop.create_task(self._complete(request))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    async def _complete(self, request: Request) -> None:
        self._finished.put(await self._asker.complete(request))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._die(error)

    def _die(self, error: BaseException) -> None:
        """Remember why, wake up `poll`, and end what is in flight."""
        if self._dead is None:
            if not isinstance(error, EngineError):
                cause, error = error, EngineError(f"{self.name} broke: {type(error).__name__}: {error}.")
                error.__cause__ = cause
            self._dead = error
            self._finished.put(None)
        for task in self._tasks:
            task.cancel()
