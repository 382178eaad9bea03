"""The engine for batch files of hosted APIs: done within 24 hours, at a lower price than single requests.

    [generate]
    engine = "openai_batch"

    [generate.openai_batch]
    url = "https://api.openai.com/v1"
    api_key_env = "OPENAI_API_KEY"

What this promises: whatever is killed when, no request is in two batches unless the first one ended without
it, and what a batch brought is kept until the runner has it in its journal. A run that stops leaves its
batches at the API; the next run that asks for the same rollouts is given what they bring. What it does not
promise: that nothing is paid twice when the recipe changes. Other messages, caps or keys are another request.
"""

import time
from collections import Counter, deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from r1data.errors import ConfigError, EngineError
from r1data.generate.engine import Completion, Request
from r1data.generate.models import OWN_TEMPLATE, ModelFolder
from r1data.recipe import Generate

if TYPE_CHECKING:
    from r1data.generate.engines.openai_batch.state import Batch

_API = "api:"
_FILE_BYTES = 190 * 10**6
"""Size of an input file; OpenAI takes 200 MB (https://platform.openai.com/docs/guides/batch)."""
_CHUNK, _CHUNK_BYTES = 256, 2**25
"""What one `poll` returns at most, so that memory does not hold whole batches."""


class OpenaiBatchEngine:
    """Chat completions of one model, in batches."""

    def __init__(self, generate: Generate, model: ModelFolder) -> None:
        """Check the settings; nothing is sent yet.

        Raises:
            ConfigError: no address is named, the key is missing, or the model is none that an API knows.
        """
        from r1data.generate.engines.openai_batch.fleet import Fleet

        known_as = str(model.path)
        if not known_as.startswith(_API) or known_as == _API:
            raise ConfigError(
                f'The engine openai_batch asks an API, which knows no {known_as}. Write `model = "api:NAME"` '
                "in the teacher's file, with the name that the API gives the model."
            )
        if model.chat_template not in (None, OWN_TEMPLATE):
            raise ConfigError(
                "An API renders messages with a template of its own. Leave `chat_template` out of the "
                "teacher's file."
            )
        self._settings = generate.openai_batch
        self._fleet = Fleet(self._settings, known_as.removeprefix(_API))
        self.name = self._fleet.name
        self.slots = self._settings.requests_per_batch * self._settings.batches_at_once
        self._wanted: dict[str, Request] = {}
        self._collected: dict[str, tuple[str, int]] = {}
        """Requests that are in no batch yet, by rollout id: digest of the body, bytes of the line."""
        self._retries: dict[str, int] = {}
        self._ready: deque[tuple[Batch, str]] = deque()
        self._returned: list[tuple[Batch, str]] = []
        self._submitted = False
        self._counted: Counter[str] = Counter()

    def __enter__(self) -> Self:
        """Take up the batches that earlier runs left.

        Raises:
            RunInProgress: another process runs batches of this model.
            InputError: a record of a batch cannot be read.
        """
        self._fleet.open()
        return self

    def __exit__(self, *exc: object) -> None:
        if not exc or exc[0] is None:  # otherwise it may be the journal that failed
            self._confirm()
        self._fleet.close()
        for held in (self._wanted, self._collected, self._retries, self._ready, self._returned):
            held.clear()

    @property
    def pending(self) -> int:
        """Requests that have not come back."""
        return len(self._wanted)

    def submit(self, requests: Sequence[Request]) -> None:
        """Take requests: one that is in a batch already waits for that, others for a new one.

        Raises:
            ConfigError: `extra_body` refers to a key that a request does not have.
        """
        for request in requests:
            name = request.rollout_id
            if name in self._wanted:
                continue
            self._wanted[name] = request
            line, digest = self._fleet.jobs.line(request)
            holder = self._fleet.holder(name, digest)
            if holder is None:
                self._collected[name] = digest, len(line)
                continue
            holder.wanted.add(name)
            if holder.results is not None and holder.job is None:  # else `_advance` tells once it is read
                self._ready.append((holder, name))
        self._submitted = True

    def poll(self, timeout_s: float) -> list[Completion]:
        """What came back since the last call, a few hundred at a time; waits up to `timeout_s` for the first.

        Raises:
            EngineError: the API does not want a batch, or does not answer any more; earlier calls returned
                all that had come back before.
        """
        deadline = time.monotonic() + timeout_s
        self._confirm()
        idle, self._submitted = not self._submitted, False
        while True:
            self._advance(idle)
            found = self._take()
            left = deadline - time.monotonic()
            if found or self._fleet.dead or not self._wanted or left <= 0:
                break
            if not self._ready:
                self._fleet.wait(left)
        if self._fleet.dead and not found:
            raise self._fleet.dead
        return found

    def load(self, model: str) -> None:
        """An API keeps its weights.

        Raises:
            EngineError: always.
        """
        raise EngineError(
            f"{self.name} runs at an API, whose weights cannot be replaced by {model}. Use the engine vllm."
        )

    def counters(self) -> dict[str, float]:
        """What the API said: `requests` in `batches`, `retries` among them, `completions`, and their
        `prompt_tokens`, `cached_tokens` and `completion_tokens`.
        """
        return dict(self._counted)

    def _confirm(self) -> None:
        """What the last `poll` returned is in the journal, or there would be no next one."""
        self._fleet.hand(self._returned)
        self._returned = []

    def _advance(self, idle: bool) -> None:
        while self._fleet.has_place and self._is_time(idle):
            self._make()
        readable, gone = self._fleet.advance()
        for batch in readable:
            self._ready.extend((batch, name) for name in batch.bodies if name in batch.wanted)
        for batch in gone:
            for name in batch.bodies:
                if name in batch.wanted:
                    self._ask_again(batch, name, batch.record.retries.get(name, 0))

    def _is_time(self, idle: bool) -> bool:
        """Whether a batch is full, or nothing is to be expected that would fill it."""
        size = sum(size for _, size in self._collected.values()) if self._collected else 0
        full = len(self._collected) >= self._settings.requests_per_batch or size >= _FILE_BYTES
        return full or (idle and bool(self._collected) and not self._ready)

    def _make(self) -> None:
        """Put the requests that have waited longest into a batch."""
        bodies: dict[str, str] = {}
        room = _FILE_BYTES
        for name, (digest, size) in self._collected.items():
            room -= size
            if bodies and (room < 0 or len(bodies) == self._settings.requests_per_batch):
                break
            bodies[name] = digest
        retries = {name: self._retries.pop(name) for name in bodies if name in self._retries}
        for name in bodies:
            del self._collected[name]
        self._fleet.make([self._wanted[name] for name in bodies], bodies, retries)
        self._counted.update(batches=1, requests=len(bodies), retries=len(retries))

    def _take(self) -> list[Completion]:
        """Read what is ready, up to a chunk."""
        from r1data.generate.engines.openai_batch.line import outcome

        found: list[Completion] = []
        room = _CHUNK_BYTES
        while self._ready and len(found) < _CHUNK and room > 0:
            batch, name = self._ready.popleft()
            line, size = batch.results.read(name) if batch.results is not None else (None, 0)
            room -= size
            retries = batch.record.retries.get(name, 0)
            became = outcome(
                self._wanted[name],
                line,
                elapsed_s=batch.elapsed_s,
                retries=retries,
                reasoning_kind=self._settings.reasoning_kind,
            )
            if isinstance(became, str) and retries < self._settings.max_retries:
                self._ask_again(batch, name, retries + 1)
                continue
            if isinstance(became, str):
                detail = f"batch {batch.record.batch_id} ({batch.record.status}): {became}"
                became = Completion(name, "", "error", 0, 0, batch.elapsed_s, retries=retries, detail=detail)
            found.append(became)
            batch.wanted.discard(name)
            del self._wanted[name]
            self._returned.append((batch, name))
            self._count(became)
        return found

    def _ask_again(self, batch: "Batch", name: str, retries: int) -> None:
        """Put a request into a further batch, the `retries`-th after its first one."""
        batch.wanted.discard(name)
        line, digest = self._fleet.jobs.line(self._wanted[name])
        self._collected[name] = digest, len(line)
        if retries:
            self._retries[name] = retries

    def _count(self, completion: Completion) -> None:
        self._counted.update(
            completions=completion.finish_reason in ("stop", "length"),
            prompt_tokens=completion.prompt_tokens,
            cached_tokens=completion.cached_tokens or 0,
            completion_tokens=completion.completion_tokens,
        )
