"""The engine protocol: what turns prompts into completions.

An engine is fed continuously: the runner submits requests while others are in flight and takes back whatever
finished.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from r1data.recipe import Sampling
from r1data.text import CLOSE, OPEN

FINISH_REASONS = ("stop", "length", "abort", "error", "repetition", "rejected", "refusal")
"""Why a completion ended: its own end, the cap, us, a fault, a loop, unfit to submit, the model's refusal."""

REASONING_KINDS = ("full", "summary", "hidden")
"""What of its thought a model shows: all, a summary (which never trains), or nothing."""


@dataclass(frozen=True)
class Request:
    """One rollout to make."""

    rollout_id: str
    prompt_id: str
    index: int
    """Attempt number at this prompt, from 0."""
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
    thought_marks: tuple[str, str] = (OPEN, CLOSE)
    """What opens and closes the teacher's thought; a prompt that ends with the first has opened it."""
    choices: tuple[str, ...] = ()
    """The only texts that may be written, by structured decoding; any text without it. A thought that the
    prompt has opened is written freely, and so is what follows it.
    """
    json_schema: dict[str, Any] | None = None
    """JSON Schema that the text must follow, by structured decoding."""
    top_logprobs: int = 0
    """Likeliest tokens at each place whose log-probabilities are wanted."""


@dataclass(frozen=True)
class Completion:
    """What came back for one request."""

    rollout_id: str
    text: str
    """Raw text from the opening of the thought on: what the template or a prefill put there is included, and
    reasoning that a server returns apart stands in `<think>` tags before the answer.
    """
    finish_reason: str
    """One of FINISH_REASONS."""
    prompt_tokens: int | None
    """None when nobody counted them."""
    completion_tokens: int | None
    elapsed_s: float
    """Seconds from submission to the last token."""
    cached_tokens: int | None = None
    """Prompt tokens that the engine had cached; None when it does not say."""
    reasoning_kind: str = "full"
    """One of REASONING_KINDS."""
    retries: int = 0
    """Requests that failed before the one that gave this."""
    capped: bool = True
    """Whether the request's `max_tokens` held; not for a completion that existed before it was asked for."""
    detail: str | None = None
    """Why it ended in another way than `stop` or `length`, in one line."""
    logprobs: tuple[tuple[str, dict[str, float]], ...] | None = None
    """Text of each token, and the natural log-probabilities of the likeliest ones there by their text; None
    when none were wanted or the engine has none.
    """


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

    def counters(self) -> dict[str, float]:
        """What the engine itself has counted since it started, such as `completion_tokens` and `retries`.

        Empty when it counts nothing; the runner's own numbers are compared with these.
        """

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...
