r"""Mathematical answers: equal as text, as exact numbers, as values at fixed points, or by computer algebra.

    >>> verify("<think>3/6</think>\\boxed{0.5}", r"\frac12", {}).verdict
    'right'

The tiers, each of which decides only where it is sure: a memo; tidied text (`normalise`); exact fractions
(`exact`); the values of expressions that our own bounded parser reads (`parser`, `numeric`); math-verify in a
worker process that can be killed (`algebra`).

What counts as equal:

- **Order** counts in tuples, points, intervals and matrices; not in sets, unions and several answers.
- **Several answers** must all be there and no more; several boxes in one paragraph are several answers where
  the reference has several, else the last one counts. `\pm` stands for two. A sequence without brackets may
  be a tuple with its parts in order.
- **Units** may be missing on one side; 60 cm are 0.6 m; units that measure different things differ. Other
  words after a number say what is counted and are nothing. Money signs are nothing.
- **Percent**: `60\%` is `60` and `0.6`; without the sign on either side `0.7` is not `70`.
- **Rounding**: a decimal with six significant digits or more stands for what it rounds or cuts off; a shorter
  one is exact, so `0.33` is no third.
- **Intervals** are inequalities of one variable: `1 < x \le 2` is `(1, 2]`, with and without `x \in`.
- **Equations** such as `x = 3` are their last side beside a plain value. Two that give values to one name are
  compared by them; others are equal up to a constant factor.
- **Mixed fractions**: `2\frac13` and `2 1/3` are 7/3.
- **Degrees**: a degree sign may be missing; `90°` is `\pi/2`; in a trigonometric function the sign counts.
- **Ratios** are proportions: `3:4` is `6:8` and 3/4. Times of day are not; `4:30 p.m.` is `16:30`.
- **Base subscripts** may be missing on one side; otherwise both digits and base must agree.
- **Chinese**: full-width digits and signs are ASCII ones, `，`, `、` and `；` separate, `。` ends,
  `和` is "and".
- **Choices**: `B`, `(B)` and `\text{(B)}` are the letter; words are compared without case and articles.

What this does not protect against: a wrong reference; an answer that is right in a form that the question
forbids, such as an unreduced fraction.
"""

from dataclasses import replace
from importlib.metadata import version
from time import perf_counter
from typing import Any

from r1data.verify.math import answers, compare
from r1data.verify.math.algebra import work
from r1data.verify.math.answers import extract
from r1data.verify.verdict import Deferred, Verdict, right, unknown, wrong

VERSION = f"math-2+math-verify-{version('math-verify')}"

MAX_REFERENCE_CHARS, MAX_CHARS = 400, 1_000
"""Longest reference, and longest answer, that are read as mathematics."""


def verify(completion: str, reference: str | None, args: dict[str, Any]) -> Verdict | Deferred:
    """Compare the completion's answer with the reference; no arguments.

    The reference may be plain, LaTeX, boxed, or a GSM8K solution that ends in `#### 42`.
    """
    wanted = answers.wanted(reference or "")
    if wanted is None or len(wanted) > MAX_REFERENCE_CHARS:
        return unknown("bad_reference")
    answer = answers.after_thought(completion)
    found = answers.stated(answer) if answer else None
    if not found:
        return wrong("no_answer")
    return _judged(wanted, found, answer if answer.count("box") > 1 else "")


def equivalent(reference: str, prediction: str) -> Verdict:
    """Whether a bare prediction equals a reference; in any thread, within 5 seconds of CPU time.

    What the fast tiers are not sure of is worked out by one of this process's shared worker processes.
    """
    from r1data.verify import shared

    started = perf_counter()
    wanted = answers.wanted(reference)
    if wanted is None or len(wanted) > MAX_REFERENCE_CHARS:
        verdict = unknown("bad_reference")
    elif not prediction.strip():
        verdict = wrong("no_answer")
    else:
        verdict = _judged(wanted, prediction)
    if isinstance(verdict, Deferred):
        verdict = shared.work("math", verdict)
    return replace(verdict, version=VERSION, ms=(perf_counter() - started) * 1000)


def written(reference: str, args: dict[str, Any]) -> str:
    """A reference as a boxed answer."""
    return f"\\boxed{{{answers.wanted(reference) or ''}}}"


def _judged(wanted: str, found: str, boxes: str = "") -> Verdict | Deferred:
    if len(found) > MAX_CHARS:
        return wrong("different", found[:MAX_CHARS])
    _, same = compare.decide(wanted, found)
    if boxes and same is not True and compare.is_several(wanted):
        several = answers.several(boxes)
        if several and len(several) <= MAX_CHARS:
            found, (_, same) = several, compare.decide(wanted, several)
    if same is None and answers.is_balanced(found):
        return Deferred({"reference": wanted, "prediction": found})
    return right("equal", found) if same else wrong("different", found)


__all__ = ["VERSION", "equivalent", "extract", "verify", "work", "written"]
