"""The engine protocol: what turns prompts into completions.

An engine is fed continuously: the runner submits requests while others are in flight and takes back whatever
finished.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self

from r1data.recipe import Sampling

FINISH_REASONS = ("stop", "length", "abort", "error", "repetition", "rejected", "refusal")
"""Why a completion ended: its own end, the cap, us, a fault, a loop, unfit to submit, the model's refusal."""


@dataclass(frozen=True)
class Request:
    """One rollout to make."""

    rollout_id: str
    messages: tuple[dict[str, str], ...]
    """Chat messages as the model sees them: system prompt, few-shots, prompt."""
    seed: int
    max_tokens: int
    """Completion tokens allowed."""
    sampling: Sampling = field(default_factory=Sampling)
    prefill: str | None = None
    """Text that the completion starts with; the returned text includes it."""
    thinking: bool | None = None
    """The chat template's thinking switch."""


@dataclass(frozen=True)
class Completion:
    """What came back for one request."""

    rollout_id: str
    text: str
    """Raw text, prefill included."""
    finish_reason: str
    """One of FINISH_REASONS."""
    prompt_tokens: int
    completion_tokens: int
    elapsed_s: float
    """Seconds from submission to the last token."""
    cached_tokens: int | None = None
    """Prompt tokens that the engine had cached; None when it does not say."""


class Engine(Protocol):
    """A context manager that starts and ends what it needs."""

    name: str
    """Name and version, stored with every rollout."""
    slots: int
    """Completions that it works on at once."""

    @property
    def pending(self) -> int:
        """Requests that it works on, as of the last `poll`.

        0 while some have not come back means that these are lost.
        """

    def submit(self, requests: Sequence[Request]) -> None:
        """Queue requests.

        One whose prompt leaves no room comes back as `rejected`; a cap larger than the room is cut to it.
        """

    def poll(self, timeout_s: float) -> list[Completion]:
        """Everything that finished since the last call; waits up to `timeout_s` for the first one.

        Raises:
            EngineError: the engine died; the message names its log.
        """

    def load(self, model: str) -> None:
        """Replace the weights by those of another model folder of the same architecture.

        Tokenizer and chat template stay; nothing may be in flight.

        Raises:
            EngineError: something is in flight, or the weights do not fit, which ends the engine.
        """

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...
