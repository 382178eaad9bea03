"""The one type of every verifier and judge."""

from dataclasses import dataclass
from typing import Any, Literal

Word = Literal["right", "wrong", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """What a verifier says of one completion. A verifier never raises on text."""

    verdict: Word
    """`unknown` is our doubt, time-out or crash; it is never a wrong answer."""
    reward: float | None
    """0.0 wrong … 1.0 right; None when unknown."""
    reason: str
    """One word of REASONS; counted in reports, so never free text."""
    extracted: str | None = None
    """The answer that was compared; None when there was none."""
    version: str = ""
    """Version of the verifier."""
    ms: float = 0.0
    """Milliseconds that it took."""
    sandbox: str | None = None
    """Back-end of the sandbox that ran the completion's program; None when nothing was run."""


@dataclass(frozen=True)
class Deferred:
    """A verdict that only a worker process may work out: it may compute for ever, crash, or run foreign
    code.
    """

    args: dict[str, Any]
    """All that the verifier's `work` needs, in plain JSON."""
    wall_s: float = 0.0
    """Seconds of wall time that the worker may take beyond its own limit, while programs of a sandbox run."""


@dataclass(frozen=True)
class Probe:
    """A completion whose verdict is known beforehand, by which a reference is tested."""

    completion: str
    right: bool = True
    """Whether it must be right or wrong."""


REASONS = {
    "equal": "right: the answer equals the reference",
    "scored": "right: the task's own scorer gives full marks",
    "well_formed": "right: the thought is opened, closed and followed by an answer",
    "passed": "right: the program passes every test",
    "in_language": "right: the trace is written in the language of its prompt",
    "declined": "right: the request was declined, as it should be",
    "taken_up": "right: the request was not declined, and should not be",
    "followed": "right: every constraint of the prompt is kept",
    "preferred": "right: a reward model prefers it to the mean of what it learnt from",
    "different": "wrong: the answer differs from the reference",
    "partial": "wrong: the task's own scorer gives less than full marks",
    "syntax_error": "wrong: the program does not compile",
    "runtime_error": "wrong: the program raised or crashed",
    "early_exit": "wrong: the program ended before its end",
    "time_limit": "wrong: the program used up its time",
    "memory_limit": "wrong: the program used up its memory",
    "output_limit": "wrong: the program printed too much",
    "not_plain": "wrong: the program returned something that is no plain value",
    "no_answer": "wrong: the completion finished without an answer",
    "no_thought": "wrong: there is no thought",
    "empty_thought": "wrong: the thought holds nothing",
    "unclosed_thought": "wrong: the thought was never closed",
    "stray_tags": "wrong: thought tags are repeated or out of place",
    "mixed_language": "wrong: too many words of the trace are in another script",
    "not_declined": "wrong: the request was not declined, and should be",
    "over_refused": "wrong: a harmless request was declined",
    "not_followed": "wrong: a constraint of the prompt is not kept",
    "incomplete": "wrong: the answer lacks part of what was asked for",
    "unreadable": "wrong: the scorer cannot read the answer",
    "contradictory": "wrong: the answer states two different things",
    "leaked_tokens": "wrong: special tokens of a chat template stand in the text",
    "not_preferred": "wrong: a reward model does not prefer it to the mean of what it learnt from",
    "no_rule": "unknown: no rule can decide, and a judge may",
    "truncated": "unknown: the completion hit its cap or was aborted",
    "too_long": "unknown: the trace is longer than the reward model reads",
    "timeout": "unknown: the verifier ran out of time",
    "crash": "unknown: the verifier failed",
    "unknown_script": "unknown: no script is known for the language of the prompt",
    "unknown_language": "unknown: the language of the answer cannot be told",
    "starved": "unknown: the machine had no time for the program",
    "no_sandbox": "unknown: the sandbox failed or does not work here",
    "unverifiable": "unknown: the tests do not tell right programs from wrong ones",
    "bad_reference": "unknown: the reference cannot be read",
}
"""The closed vocabulary of reasons."""


def right(reason: str, extracted: str | None = None, reward: float = 1.0) -> Verdict:
    """A verdict that accepts."""
    return Verdict("right", reward, reason, extracted)


def wrong(reason: str, extracted: str | None = None, reward: float = 0.0) -> Verdict:
    """A verdict that rejects."""
    return Verdict("wrong", reward, reason, extracted)


def unknown(reason: str, extracted: str | None = None) -> Verdict:
    """A verdict that abstains."""
    return Verdict("unknown", None, reason, extracted)
