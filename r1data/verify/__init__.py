"""Verifiers: (completion, reference, arguments) -> Verdict. To add one, write a file here and name it below.

    >>> verify("exact", "<think>The last one.</think>Cat.", "cat").verdict
    'right'

None raises on text, and none is asked about a completion that was cut: that is unknown(truncated).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

from r1data.errors import ConfigError
from r1data.text import nearest
from r1data.verify import (
    choice,
    code,
    exact,
    format_,
    instruction,
    judge,
    language,
    logic,
    math,
    reasoning_gym,
    refusal,
)
from r1data.verify.verdict import REASONS, Deferred, Probe, Verdict, right, unknown, wrong


def _as_it_is(reference: str, args: dict[str, Any]) -> str:
    return reference


@dataclass(frozen=True)
class Verifier:
    """A program that gives a verdict."""

    run: Callable[[str, str | None, dict[str, Any]], Verdict | Deferred]
    """Judges a finished completion against a reference, with arguments from JSON. It works in the caller's
    process, in time linear in the text, and evaluates none of it; what it cannot decide so, it defers.
    """
    version: str
    """Changes whenever a verdict may; verdicts of another version are made anew."""
    needs_reference: bool = True
    by_form: bool = False
    """Whether it judges every rollout, whatever the verifier of its prompt is."""
    written: Callable[[str, dict[str, Any]], str] = _as_it_is
    """How a reference is written as the answer of a completion, by which the reference itself is tested."""
    work: Callable[..., Verdict] | None = None
    """Decides what was deferred, from its arguments; only ever called in a worker process."""
    library: str | None = None
    """Heavy module that `work` imports; workers load it before their clock runs."""
    probes: Callable[[str, dict[str, Any]], list[Probe]] | None = None
    """Completions that show whether a reference tells right from wrong; its own answer where there is none.
    """
    misused: Callable[[dict[str, Any]], str | None] | None = None
    """What is wrong with arguments that a recipe or a row gives; None when nothing is."""


VERIFIERS = {
    "math": Verifier(math.verify, math.VERSION, written=math.written, work=math.work, library="math_verify"),
    "exact": Verifier(exact.verify, exact.VERSION),
    "code": Verifier(code.verify, code.VERSION, written=code.written, work=code.work, probes=code.probes),
    "choice": Verifier(choice.verify, choice.VERSION),
    "reasoning_gym": Verifier(
        reasoning_gym.verify, reasoning_gym.VERSION, work=reasoning_gym.work, library="reasoning_gym"
    ),
    "logic": Verifier(logic.verify, logic.VERSION, written=logic.written),
    "instruction": Verifier(instruction.verify, instruction.VERSION, written=instruction.written),
    "refusal": Verifier(refusal.verify, refusal.VERSION, written=refusal.written),
    "judge": Verifier(judge.verify, judge.VERSION, needs_reference=False, misused=judge.misused),
    "format": Verifier(format_.verify, format_.VERSION, needs_reference=False, by_form=True),
    "language": Verifier(language.verify, language.VERSION, needs_reference=False, by_form=True),
}
"""Verifiers by name."""
BY_FORM = tuple(name for name, one in VERIFIERS.items() if one.by_form)
"""Verifiers that judge every rollout beside its prompt's own; the others decide by rule."""


def verifier(name: str) -> Verifier:
    """The verifier of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in VERIFIERS:
        raise ConfigError(f"There is no verifier {nearest(name, VERIFIERS)}")
    return VERIFIERS[name]


def verify(name: str, completion: str, reference: str | None = None, /, **args: Any) -> Verdict:
    """Judge a finished completion; never raises on text, however hostile.

    Safe in any thread. What may compute for long is worked out by one of this process's shared worker
    processes (`r1data.verify.shared`) within 5 seconds of CPU time; no signal handler is touched.

    Raises:
        ConfigError: there is no verifier of that name.
    """
    from r1data.verify import shared

    started = perf_counter()
    verdict = at_once(name, completion, reference, args)
    if isinstance(verdict, Deferred):
        verdict = shared.work(name, verdict)
    return replace(verdict, ms=(perf_counter() - started) * 1000)


async def verify_async(name: str, completion: str, reference: str | None = None, /, **args: Any) -> Verdict:
    """As `verify`, without holding up the event loop."""
    return await asyncio.to_thread(verify, name, completion, reference, **args)


def at_once(name: str, completion: str, reference: str | None, args: dict[str, Any]) -> Verdict | Deferred:
    """What a verifier says without a worker process; `Deferred` when it needs one.

    Raises:
        ConfigError: there is no verifier of that name.
    """
    chosen = verifier(name)
    started = perf_counter()
    try:
        verdict = chosen.run(completion, reference, args)
    except Exception:  # a broken verifier is neither right nor wrong
        verdict = unknown("crash")
    if isinstance(verdict, Deferred):
        return verdict
    return replace(verdict, version=chosen.version, ms=(perf_counter() - started) * 1000)


def work(name: str, args: dict[str, Any]) -> Verdict:
    """Decide what was deferred. Only worker processes call it, since it may never come back."""
    chosen = verifier(name)
    started = perf_counter()
    try:
        verdict = chosen.work(**args) if chosen.work else unknown("crash")
    except Exception:  # a broken verifier is neither right nor wrong
        verdict = unknown("crash")
    return replace(verdict, version=chosen.version, ms=(perf_counter() - started) * 1000)


def misused(name: str, args: dict[str, Any]) -> str | None:
    """What is wrong with the arguments that a recipe or a row gives a verifier; None when nothing is.

    Raises:
        ConfigError: there is no verifier of that name.
    """
    chosen = verifier(name)
    return chosen.misused(args) if chosen.misused else None


def own_completion(name: str, reference: str, args: dict[str, Any] | None = None) -> str:
    """A finished completion that answers with the reference; it is right, or the reference is unusable."""
    return f"<think>\nKnown.\n</think>\n\n{verifier(name).written(reference, args or {})}"


def probes(name: str, reference: str, args: dict[str, Any] | None = None) -> list[Probe]:
    """Completions that a reference must tell apart, or it is unusable."""
    made = verifier(name).probes
    return made(reference, args or {}) if made else [Probe(own_completion(name, reference, args))]


__all__ = [
    "BY_FORM",
    "REASONS",
    "VERIFIERS",
    "Deferred",
    "Probe",
    "Verdict",
    "Verifier",
    "at_once",
    "misused",
    "own_completion",
    "probes",
    "right",
    "unknown",
    "verifier",
    "verify",
    "verify_async",
    "work",
    "wrong",
]
