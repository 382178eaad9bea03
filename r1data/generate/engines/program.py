"""A teacher that is a program and no model: it works out families of `r1data.prompts.worked` step by step.

    model = "program:0.3"      # of a teacher: 3 in 10 completions hold one slip, and so a wrong answer

What it is for: tests, the toy loop, and measuring trainers on traces whose rights and wrongs are known. Its
thoughts are real worked solutions, always in the same words; they are nobody's reasoning. A character counts
as a token, as in the base `scratch:chars`.
"""

from collections import Counter, deque
from collections.abc import Sequence
from random import Random
from typing import Self

from r1data.errors import ConfigError, EngineError
from r1data.generate.engine import Completion, Request
from r1data.generate.models import PROGRAM, ModelFolder
from r1data.prompts.worked import solve
from r1data.recipe import Generate
from r1data.text import joined

PER_POLL = 256
"""Completions that one poll gives back."""


class ProgramEngine:
    """Answers what it can work out; other prompts come back as `refusal`."""

    name = "program 1"
    slots = PER_POLL

    def __init__(self, generate: Generate, model: ModelFolder) -> None:
        """Read from the model's name how often it slips.

        Raises:
            ConfigError: the model is no program, or its name holds no share.
        """
        self._wrong = _share(str(model.path))
        self._context = generate.context_tokens
        self._queue: deque[Request] = deque()
        self._counted: Counter[str] = Counter()

    @property
    def pending(self) -> int:
        """Requests that were not given back yet."""
        return len(self._queue)

    def submit(self, requests: Sequence[Request]) -> None:
        """Queue requests."""
        self._queue.extend(requests)

    def poll(self, timeout_s: float) -> list[Completion]:
        """The next completions, at once."""
        n = min(PER_POLL, len(self._queue))
        return [self._complete(self._queue.popleft()) for _ in range(n)]

    def load(self, model: str) -> None:
        """A program has no weights.

        Raises:
            EngineError: always.
        """
        raise EngineError(f"{self.name} has no weights, so {model} cannot take their place.")

    def counters(self) -> dict[str, float]:
        """Characters that it has written."""
        return dict(self._counted)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._queue.clear()

    def _complete(self, request: Request) -> Completion:
        n_prompt = sum(len(message["content"]) for message in request.messages)
        room = self._context - n_prompt
        if room < 1:
            detail = f"The prompt has {n_prompt} characters, the context {self._context}."
            return Completion(request.rollout_id, "", "rejected", n_prompt, 0, 0.0, detail=detail)
        solution = solve(request.messages[-1]["content"])
        if solution is None:
            detail = "The program knows no family with such a prompt."
            return Completion(request.rollout_id, "", "refusal", n_prompt, 0, 0.0, detail=detail)
        draw = Random(request.seed)
        if draw.random() < self._wrong:
            solution = solution.slipped(draw)
        whole = joined(solution.thought(), solution.answer())
        text = whole[: min(request.max_tokens, room)]
        self._counted["completion_tokens"] += len(text)
        reason = "stop" if text == whole else "length"
        return Completion(request.rollout_id, text, reason, n_prompt, len(text), 0.0)


def _share(model: str) -> float:
    name, _, share = model.partition(":")
    try:
        wrong = float(share)
    except ValueError:
        wrong = -1.0
    if f"{name}:" != PROGRAM or not 0 <= wrong <= 1:
        raise ConfigError(
            f"Engine program cannot run {model}. The teacher's model is {PROGRAM}SHARE, with the share of "
            "completions that hold a slip, 0 to 1."
        )
    return wrong
