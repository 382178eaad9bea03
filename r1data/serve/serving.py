"""What all requests share: the model's server, the slots, the metrics, and which answers were given."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from r1data.serve.metrics import Metrics
from r1data.serve.refusal import Refusal, invalid, unavailable
from r1data.serve.slots import Slots
from r1data.serve.upstream import Upstream
from r1data.text import nearest
from r1data.verify import shared

REMEMBERED = 100_000
"""Answers that thumbs may be given to: the newest."""
LONG_CHARS = 20_000
"""Characters whose tokens take some milliseconds to count."""
_FEEDBACK = {"id", "thumb"}


@dataclass
class Serving:
    """One model that is served."""

    upstream: Upstream
    slots: Slots
    count_tokens: Callable[[str], int]
    """Tokens of a text, by the model's tokenizer."""
    metrics: Metrics = field(default_factory=Metrics)
    waits_for: str | None = "vLLM loads the model"
    """Why the model does not answer; None when it does."""
    stops: tuple[str, ...] = ()
    """Texts at which an answer ends whose request names none."""
    judging: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(thread_name_prefix="verdict")
    )
    """Threads of their own, since a verdict may take minutes after its request is gone."""
    _thumbs: dict[str, str | None] = field(default_factory=dict)

    def check_ready(self) -> None:
        """Make sure that the model answers.

        Raises:
            Refusal: it does not (503).
        """
        if self.waits_for is not None:
            raise unavailable(f"The model does not answer: {self.waits_for}.")

    def admit(self) -> None:
        """Make sure that a request can be taken.

        Raises:
            Refusal: the model does not answer (503), or the queue is full (429).
        """
        self.check_ready()
        self.slots.check(lambda: self.metrics.quantile(0.5))

    async def n_tokens(self, texts: list[str]) -> int:
        """Tokens of texts together; long ones are counted aside, so that nobody waits for it."""
        if sum(map(len, texts)) > LONG_CHARS:
            return await asyncio.to_thread(lambda: sum(map(self.count_tokens, texts)))
        return sum(map(self.count_tokens, texts))

    def gave_up(self, attempts: int) -> None:
        """Count a request whose deadline came before a word was written."""
        self.metrics.attempts.inc(attempts)
        self.metrics.cap_hits.labels("deadline").inc()

    def close(self) -> None:
        """End what still judges."""
        self.judging.shutdown(wait=False, cancel_futures=True)
        shared.close()

    def account(self, answer_id: str, spent: dict[str, Any], caps: list[str]) -> None:
        """Count what an answer took, and remember its id.

        Args:
            answer_id: id of the completion.
            spent: its metadata: `attempts`, `thought_tokens`, `completion_tokens`, perhaps `verdict`.
            caps: a word for each attempt that a cap ended.
        """
        counted = self.metrics
        counted.attempts.inc(spent["attempts"])
        counted.thought_tokens.inc(spent["thought_tokens"])
        counted.answer_tokens.inc(max(0, spent["completion_tokens"] - spent["thought_tokens"]))
        for cap in caps:
            counted.cap_hits.labels(cap).inc()
        if verdict := spent.get("verdict"):
            counted.judged(verdict["verdict"])
        self._thumbs[answer_id] = None
        if len(self._thumbs) > REMEMBERED:
            del self._thumbs[next(iter(self._thumbs))]

    def thumb(self, body: dict[str, Any]) -> None:
        """Count a reader's thumb; the same one again counts once, a changed one counts too.

        Raises:
            Refusal: a key or the thumb is unknown (400), or no such answer was given (404).
        """
        for key in body:
            if key not in _FEEDBACK:
                raise invalid(f"unknown key {nearest(key, _FEEDBACK)}", key)
        thumb, answer_id = body.get("thumb"), body.get("id")
        if thumb not in ("up", "down"):
            raise invalid('`thumb` is "up" or "down".', "thumb")
        if not isinstance(answer_id, str) or answer_id not in self._thumbs:
            raise Refusal(
                404,
                f"No answer {answer_id!r} was given here lately. `id` is that of a completion.",
                "not_found",
            )
        if self._thumbs[answer_id] != thumb:
            self._thumbs[answer_id] = thumb
            self.metrics.thumbs.labels(thumb).inc()
