"""Whether what a program gave is what the test wants; plain values and text only.

| checker | printed text | values of calls | asserts |
|---|---|---|---|
| `tokens` | word by word; decimals within the tolerance | floats within the tolerance | Python's `==` |
| `exact` | line by line; blanks at ends and empty last lines apart | no tolerance | Python's `==` |
| `float` | word by word; all numbers within the tolerance | as `tokens` | floats within the tolerance |

A decimal is a wanted word with a point or an exponent; any number may meet it. Values of calls are compared
as JSON: a tuple is a list, a key of a dict is its text, True is 1 as in Python.
"""

import math
import re
from typing import Any

DECIMAL = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?\d+[eE][-+]?\d+")
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
MAX_NUMBER_CHARS = 400
CHECKERS = ("tokens", "exact", "float")


def printed(found: str, wanted: str, checker: str = "tokens", tolerance: float = 1e-6) -> bool:
    """Whether printed text is what was wanted."""
    if checker == "exact":
        return _lines(found) == _lines(wanted)
    left, right = found.split(), wanted.split()
    if len(left) != len(right):
        return False
    form = NUMBER if checker == "float" else DECIMAL
    return all(a == b or _close(a, b, form, tolerance) for a, b in zip(left, right, strict=True))


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


def _close(found: str, wanted: str, form: re.Pattern[str], tolerance: float) -> bool:
    if max(len(found), len(wanted)) > MAX_NUMBER_CHARS:
        return False
    if not form.fullmatch(wanted) or not NUMBER.fullmatch(found):
        return False
    return math.isclose(float(found), float(wanted), rel_tol=tolerance, abs_tol=tolerance)


def same(found: Any, wanted: Any, tolerance: float = 1e-6) -> bool:
    """Whether a value equals what JSON says; `found` comes from `plain.decode` and so has an end."""
    if isinstance(wanted, dict):
        if not isinstance(found, dict) or len(found) != len(wanted):
            return False
        keyed = {_key(key): value for key, value in found.items()}
        return all(_key(k) in keyed and same(keyed[_key(k)], v, tolerance) for k, v in wanted.items())
    if isinstance(wanted, list | tuple):
        if not isinstance(found, list | tuple) or len(found) != len(wanted):
            return False
        return all(same(a, b, tolerance) for a, b in zip(found, wanted, strict=True))
    return near(found, wanted, tolerance)


def near(found: Any, wanted: Any, tolerance: float) -> bool:
    """Python's `==`, but floats may differ by the tolerance, also inside of lists, tuples and values of
    dicts.
    """
    if isinstance(wanted, list | tuple) and type(found) is type(wanted) and len(found) == len(wanted):
        return all(near(a, b, tolerance) for a, b in zip(found, wanted, strict=True))
    if isinstance(wanted, dict) and isinstance(found, dict) and found.keys() == wanted.keys():
        return all(near(found[key], value, tolerance) for key, value in wanted.items())
    if found == wanted:
        return True
    if not any(isinstance(side, float) for side in (found, wanted)):
        return False
    try:
        return math.isclose(found, wanted, rel_tol=tolerance, abs_tol=tolerance)
    except (TypeError, OverflowError):  # no number, or an integer that no float holds
        return False


def _key(key: Any) -> str:
    try:
        return str(key).lower() if isinstance(key, bool) else str(key)
    except ValueError:  # Python writes out no integer of thousands of digits; neither does JSON
        return ""
