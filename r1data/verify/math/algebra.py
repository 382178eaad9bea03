"""The last tier: math-verify, which may compute for ever. It runs only in a worker process.

It is given formulas only in LaTeX, whose grammar holds no calls; its reader of plain text, which evaluates
what it reads, is never asked. Its own time limits, which need SIGALRM and turn into "wrong", are off: the
worker's end takes their place. Source: https://github.com/huggingface/Math-Verify.
"""

import logging
import signal
from typing import Any

from r1data.verify.math import normalise
from r1data.verify.verdict import Verdict, right, unknown, wrong

LIMIT_S = 3.0
"""CPU time, where the worker's timer leaves more: a new worker's start fits into 5 seconds too."""


def work(reference: str, prediction: str) -> Verdict:
    """Compare two answers by computer algebra; unknown when the reference is no formula."""
    import math_verify

    if signal.getitimer(signal.ITIMER_PROF)[0] > LIMIT_S:
        signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
    logging.getLogger("math_verify").setLevel(logging.CRITICAL)  # it warns that the limit is ours
    latex = [math_verify.LatexExtractionConfig()]
    sides = [
        math_verify.parse(f"\\boxed{{{_ascii(side)}}}", latex, parsing_timeout=None)
        for side in (reference, prediction)
    ]
    if not sides[0] or _has_no_value(sides[0]):
        return unknown("bad_reference", prediction)
    if _has_no_value(sides[1]):
        return wrong("different", prediction)
    same = math_verify.verify(*sides, timeout_seconds=None, raise_on_error=True)
    return right("equal", prediction) if same else wrong("different", prediction)


def _has_no_value(side: list[Any]) -> bool:
    """Whether a parsed answer is none, such as 0/0, which math-verify does not compare."""
    import sympy

    return any(isinstance(part, sympy.Basic) and part.has(sympy.nan, sympy.zoo) for part in side)


def _ascii(answer: str) -> str:
    return answer if answer.isascii() else normalise.tidy(answer)
