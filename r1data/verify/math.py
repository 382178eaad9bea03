r"""Mathematical answers: equal as text, as exact numbers, or as expressions by math-verify.

    >>> verify("<think>3/6</think>\\boxed{0.5}", r"\frac12", {}).verdict
    'right'

What this does not protect against: math-verify's parser evaluates what it reads and may compute for hours, so
untrusted completions are verified in worker processes only (`r1data.verify.workers`), whose deadline replaces
math-verify's own. Source: https://github.com/huggingface/Math-Verify.
"""

import logging
import re
from fractions import Fraction
from importlib.metadata import version
from typing import Any

from r1data.verify.answer import after_thought, announced, bare, boxed
from r1data.verify.verdict import Deferred, Verdict, right, unknown, wrong

VERSION = f"math-1+math-verify-{version('math-verify')}"

MAX_CHARS = 400
"""Longest answer or reference that is read as mathematics."""
LATEX = re.compile(r"\$([^$]+)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
PLAIN = re.compile(r"([+-]?\d+(?:\.\d+)?|[+-]?\.\d+)(?:/(\d+))?")
WORDS = re.compile(r"(?<![\\a-zA-Z])[^\W\d_]{2,}|[\u3400-\u9fff]")
"""Words that are no LaTeX commands; a Chinese character is one."""
TEXT = re.compile(r"\\(?:text|mathrm|textbf|mbox)\s*\{[^{}]*\}")
NUMBER = re.compile(r"(?<![\w.])-?\.?\d[\d,]*(?:\.\d+)?(?:/\d+)?%?")


def verify(completion: str, reference: str | None, args: dict[str, Any]) -> Verdict | Deferred:
    """Compare the completion's answer with a number, an expression or a short text; no arguments.

    The answer is what follows the thought: its last box, else what is announced as the answer, else its last
    formula or number. The reference may be plain, LaTeX, boxed, or a GSM8K solution that ends in `#### 42`.
    """
    wanted = extract_reference(reference or "")
    if wanted is None:
        return unknown("bad_reference")
    answer = after_thought(completion)
    if answer is None:
        return wrong("no_answer")
    found = extract(answer)
    if not found:
        return wrong("no_answer")
    equal = _equal(found, wanted)
    if equal is None:
        return Deferred({"found": found, "wanted": wanted})
    return right("equal", found) if equal else wrong("different", found)


def work(found: str, wanted: str) -> Verdict:
    """Compare two expressions by math-verify; it may compute for ever, and evaluates what it reads."""
    equal = _equal_expressions(_plain(found, wanted), _normal(wanted))
    return right("equal", found) if equal else wrong("different", found)


def extract_reference(reference: str) -> str | None:
    """The answer in a reference; None when it cannot be read: empty, overlong, or with unbalanced braces."""
    answer = boxed(reference)
    if answer is None:
        answer = reference.rpartition("####")[2].strip()
    balanced = answer.count("{") - answer.count(r"\{") == answer.count("}") - answer.count(r"\}")
    return answer if answer and balanced and len(answer) <= MAX_CHARS else None


def written(reference: str, args: dict[str, Any]) -> str:
    """A reference as a boxed answer."""
    return f"\\boxed{{{extract_reference(reference) or ''}}}"


def extract(answer: str) -> str:
    """The answer in what follows a thought; empty when there is none."""
    found = boxed(answer)
    if found is not None:
        return found
    tail = bare(announced(answer) or answer)
    formula, number = _last_formula(tail), _last_number(tail)
    if formula and (number is None or number.start() < formula.end()):
        return next(part for part in formula.groups() if part).strip()
    if number and WORDS.search(tail):
        return number[0].rstrip(",")
    return tail


def _last_formula(tail: str) -> re.Match[str] | None:
    # Between two amounts of money stand words, and that is no formula.
    found = [match for match in LATEX.finditer(tail) if not WORDS.search(TEXT.sub("", match[1] or ""))]
    return found[-1] if found else None


def _last_number(tail: str) -> re.Match[str] | None:
    found = list(NUMBER.finditer(tail))
    return found[-1] if found else None


def _equal(found: str, wanted: str) -> bool | None:
    """None when only algebra can tell."""
    if _normal(found) == _normal(wanted):
        return True
    found, wanted = _plain(found, wanted), _normal(wanted)
    numbers = _number(found), _number(wanted)
    if found == wanted or (None not in numbers and numbers[0] == numbers[1]):
        return True
    # Two different integers need no algebra; decimals do, because 0.333333 stands for a third.
    if all(number is not None and number.denominator == 1 for number in numbers):
        return False
    return None if len(found) <= MAX_CHARS else False


def _plain(found: str, wanted: str) -> str:
    """The answer as it is compared: "18 dollars" is 18 beside a number."""
    amounts = NUMBER.findall(found) if WORDS.search(TEXT.sub("", found)) else ()
    return _normal(amounts[0] if len(amounts) == 1 and _number(_normal(wanted)) is not None else found)


def _equal_expressions(found: str, wanted: str) -> bool:
    import math_verify

    logging.getLogger("math_verify").setLevel(logging.ERROR)  # it warns that the deadline is ours
    parsed = [math_verify.parse(f"\\boxed{{{side}}}", parsing_timeout=None) for side in (wanted, found)]
    return bool(math_verify.verify(*parsed, timeout_seconds=None))


def _normal(answer: str) -> str:
    """Text as it is compared: without blanks, dollar signs, thousands separators and LaTeX's spacing."""
    answer = bare(answer.replace("−", "-").replace("\\!", "").replace("{,}", ","))
    answer = re.sub(r"\\(?:left|right|displaystyle|[,;: ])(?![a-zA-Z])|\\?\$|\s+", "", answer)
    answer = re.sub(r"\\[dt]frac(?![a-z])", r"\\frac", answer)
    return re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", answer)


def _number(answer: str) -> Fraction | None:
    """The exact value of a plain number or fraction; None for anything else."""
    match = PLAIN.fullmatch(answer) if len(answer) <= MAX_CHARS else None
    if not match or (match[2] is not None and int(match[2]) == 0):
        return None
    return Fraction(match[1]) / int(match[2] or 1)
