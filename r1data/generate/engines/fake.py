"""A scripted engine: texts from the recipe instead of a model, for tests and dry runs.

    [generate]
    engine = "fake"

    [generate.fake]
    texts = ["<think>\\n{prompt} I count.\\n</think>\\n\\n4"]

It also misbehaves on request: it dies, repeats, loses and invents completions, as real engines have done.
"""

import heapq
import re
import time
from collections import Counter, deque
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import Self

from pydantic import Field, ValidationError

from r1data.errors import ConfigError, EngineError
from r1data.generate.engine import Completion, Request
from r1data.generate.models import ModelFolder
from r1data.recipe import Generate
from r1data.recipe.section import Section


class Script(Section):
    """Section [generate.fake]. In a text, `{prompt}` and `{rollout_id}` are replaced."""

    texts: tuple[str, ...] = Field(default=("<think>\nI do not know.\n</think>\n\n0",), min_length=1)
    """Completions of every prompt that `by_prompt` does not name: attempt i gets the i-th, then from the
    first again.
    """
    by_prompt: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Completions by the text of a prompt's last message."""
    finish_reason: str = "stop"
    slots: int = Field(default=8, ge=1)
    delay_s: float = Field(default=0, ge=0)
    """Seconds that every `poll` takes which returns something."""
    per_poll: int = Field(default=4, ge=1)
    """Completions that finish at once, whatever the slots."""
    token_s: float = Field(default=0, ge=0)
    """With it, every slot works on one completion at a time and takes this many seconds per token."""
    fail_after: int | None = None
    """It dies once this many completions were returned."""
    duplicate_every: int | None = None
    """Every so many-th completion comes twice."""
    lose_every: int | None = None
    """Every so many-th request never comes back."""
    lose_times: int = 1
    """How often the same request is lost."""
    invent_after: int | None = None
    """After so many completions it returns one that nobody asked for."""


class FakeEngine:
    """An engine without a model; a word counts as a token."""

    name = "fake 1"

    def __init__(self, generate: Generate, model: ModelFolder) -> None:
        """Read the script.

        Raises:
            ConfigError: the script has a key or a value that it cannot have.
        """
        try:
            self._script = Script.model_validate(generate.fake)
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"]))
            raise ConfigError(
                f"[generate.fake] `{where}`: {problem['msg']}. Known keys: {', '.join(Script.model_fields)}."
            ) from error
        self.slots = self._script.slots
        self._context = generate.context_tokens
        self._queue: deque[Request] = deque()
        self._working: list[tuple[float, int, Completion]] = []  # a heap by the time at which it ends
        self._n_begun = 0
        self._lost: Counter[str] = Counter()
        self._counted: Counter[str] = Counter()
        self._submitted = self._returned = 0

    @property
    def pending(self) -> int:
        """Requests that it has not forgotten."""
        return len(self._queue) + len(self._working)

    def submit(self, requests: Sequence[Request]) -> None:
        """Queue requests, or lose them."""
        for request in requests:
            again = self._lost[request.rollout_id]
            self._submitted += not again
            every = self._script.lose_every
            if every and (again or self._submitted % every == 0) and again < self._script.lose_times:
                self._lost[request.rollout_id] += 1
            else:
                self._queue.append(request)

    def poll(self, timeout_s: float) -> list[Completion]:
        """The next few completions.

        Raises:
            EngineError: the script says so.
        """
        if self._script.fail_after is not None and self._returned >= self._script.fail_after:
            raise EngineError(f"{self.name} died after {self._returned} completions, as its script says.")
        if self._script.token_s:
            return self._work(timeout_s)
        if not self._queue:
            return []
        time.sleep(min(timeout_s, self._script.delay_s))
        finished = []
        for _ in range(min(self._script.per_poll, len(self._queue))):
            finished += self._finish(self._complete(self._queue.popleft()))
        return finished

    def _work(self, timeout_s: float) -> list[Completion]:
        """What the slots finish within `timeout_s`, or by the time of the first one that ends."""
        now = time.monotonic()
        while self._queue and len(self._working) < self.slots:
            completion = self._complete(self._queue.popleft())
            heapq.heappush(self._working, (now + completion.elapsed_s, self._n_begun, completion))
            self._n_begun += 1
        if self._working:
            time.sleep(min(timeout_s, max(0.0, self._working[0][0] - now)))
        finished = []
        while self._working and self._working[0][0] <= time.monotonic():
            finished += self._finish(heapq.heappop(self._working)[-1])
        return finished

    def load(self, model: str) -> None:
        """There are no weights to replace.

        Raises:
            EngineError: requests are in flight.
        """
        if self.pending:
            raise EngineError(
                f"{self.name} has {self.pending} requests in flight. Load a model between runs."
            )

    def counters(self) -> dict[str, float]:
        """Words that it has returned."""
        return dict(self._counted)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._queue.clear()
        self._working.clear()

    def _finish(self, completion: Completion) -> list[Completion]:
        self._returned += 1
        completions = [completion]
        if self._script.duplicate_every and self._returned % self._script.duplicate_every == 0:
            completions *= 2
        if self._returned == self._script.invent_after:
            completions.append(Completion("invented", "", "stop", 0, 0, 0.0))
        return completions

    def _complete(self, request: Request) -> Completion:
        prompt_tokens = sum(len(message["content"].split()) for message in request.messages)
        room = self._context - prompt_tokens
        if room < 1:
            detail = f"The prompt has {prompt_tokens} words, the context {self._context}."
            return Completion(request.rollout_id, "", "rejected", prompt_tokens, 0, 0.0, detail=detail)
        asked = request.messages[-1]["content"]
        texts = self._script.by_prompt.get(asked) or self._script.texts
        text = texts[request.index % len(texts)]
        text = text.replace("{prompt}", asked).replace("{rollout_id}", request.rollout_id)
        text, tokens, whole = _cut(text, min(request.max_tokens, room))
        reason = self._script.finish_reason if whole else "length"
        self._counted["completion_tokens"] += tokens
        seconds = tokens * self._script.token_s or self._script.delay_s
        text = (request.prefill or "") + text
        return Completion(request.rollout_id, text, reason, prompt_tokens, tokens, seconds)


@lru_cache(1024)
def _cut(text: str, cap: int) -> tuple[str, int, bool]:
    """The first `cap` words of a text, how many these are, and whether it is whole."""
    n_words = len(text.split())
    if n_words <= cap:
        return text, n_words, True
    ends = (word.end() for word in re.finditer(r"\S+", text))
    return text[: next(islice(ends, cap - 1, None))], cap, False
