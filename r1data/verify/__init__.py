"""Verifiers: (completion, reference, arguments) -> Verdict. To add one, write a file here and name it below.

    >>> verify("exact", "<think>The last one.</think>Cat.", "cat").verdict
    'right'

None raises on text, and none is asked about a completion that was cut: that is unknown(truncated).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

from r1data.errors import ConfigError
from r1data.text import nearest
from r1data.verify import choice, exact, format_, language, math, reasoning_gym
from r1data.verify.verdict import REASONS, Verdict, right, unknown, wrong


@dataclass(frozen=True)
class Verifier:
    """A program that gives a verdict."""

    run: Callable[[str, str | None, dict[str, Any]], Verdict]
    """Judges a finished completion against a reference, with arguments from JSON."""
    version: str
    """Changes whenever a verdict may; verdicts of another version are made anew."""
    needs_reference: bool = True
    written: Callable[[str], str] = str
    """How a reference is written as the answer of a completion, by which the reference itself is tested."""
    library: str | None = None
    """Heavy module that it imports; workers load it before their clock runs."""


VERIFIERS = {
    "math": Verifier(math.verify, math.VERSION, written=math.written, library="math_verify"),
    "exact": Verifier(exact.verify, exact.VERSION),
    "choice": Verifier(choice.verify, choice.VERSION),
    "reasoning_gym": Verifier(reasoning_gym.verify, reasoning_gym.VERSION, library="reasoning_gym"),
    "format": Verifier(format_.verify, format_.VERSION, needs_reference=False),
    "language": Verifier(language.verify, language.VERSION, needs_reference=False),
}
"""Verifiers by name. Those that need no reference judge every rollout."""


def verifier(name: str) -> Verifier:
    """The verifier of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in VERIFIERS:
        raise ConfigError(f"There is no verifier {nearest(name, VERIFIERS)}")
    return VERIFIERS[name]


def verify(name: str, completion: str, reference: str | None = None, /, **args: Any) -> Verdict:
    """Judge a finished completion in this process; never raises on text.

    For completions and references that you trust not to keep this process busy; `r1data.verify.workers.Pool`
    is for all others.

    Raises:
        ConfigError: there is no verifier of that name.
    """
    chosen = verifier(name)
    started = perf_counter()
    try:
        verdict = chosen.run(completion, reference, args)
    except Exception:  # a broken verifier is neither right nor wrong
        verdict = unknown("crash")
    return replace(verdict, version=chosen.version, ms=(perf_counter() - started) * 1000)


def own_completion(name: str, reference: str) -> str:
    """A finished completion that answers with the reference; it is right, or the reference is unusable."""
    return f"<think>\nKnown.\n</think>\n\n{verifier(name).written(reference)}"


__all__ = [
    "REASONS",
    "VERIFIERS",
    "Verdict",
    "Verifier",
    "own_completion",
    "right",
    "unknown",
    "verifier",
    "verify",
    "wrong",
]
