"""Plain numbers, exactly: integers, decimals, fractions, mixed fractions; when a decimal stands for a value.

>>> plain("2 1/3")
Fraction(7, 3)
"""

import re
from fractions import Fraction

PLAIN = re.compile(r"([+-]?)\s*(?:(\d+)\s+(?=\d+\s*/))?(\d+\.?\d*|\.\d+)(?:\s*/\s*(\d+))?")
FRACTION = re.compile(
    r"([+-]?)\s*(\d+)?\s*\\frac\s*(?:\{\s*(-?\d+)\s*\}|(\d))\s*(?:\{\s*(-?\d+)\s*\}|(\d))\s*"
)
REPEATING = re.compile(r"([+-]?)\s*(\d*)\.(\d*)\\(?:overline|bar|dot)\s*\{\s*(\d+)\s*\}")
DECIMAL = re.compile(r"[+-]?\s*(\d*)\.(\d+)(?:[eE]([+-]?\d{1,3}))?")
MAX_DIGITS = 1_000
"""Longest number that is read; int() of longer ones takes quadratic time."""
ROUNDED_DIGITS = 6
"""Significant digits with which a decimal stands for the value that it rounds or cuts off."""


def plain(text: str) -> Fraction | None:
    """The exact value of a plain number; None for anything else.

    A whole number before a fraction is added to it, as in `2\\frac13`, with the sign of the whole.
    """
    if len(text) > MAX_DIGITS:
        return None
    match = PLAIN.fullmatch(text)
    if match:
        sign, whole, top, bottom = match.groups()
        if whole and "." in top:
            return None
        return _value(sign, whole, Fraction(top), Fraction(bottom or 1))
    match = FRACTION.fullmatch(text)
    if not match:
        return _repeating(text) if "." in text else None
    sign, whole, top, digit, bottom, other = match.groups()
    top, bottom = Fraction(top or digit), Fraction(bottom or other)
    if whole and (top < 0 or bottom < 0):
        return None
    return _value(sign, whole, top, bottom)


def _repeating(text: str) -> Fraction | None:
    r"""The value of a decimal whose last digits repeat: `0.1\overline{6}` is 1/6."""
    match = REPEATING.fullmatch(text)
    if not match:
        return None
    sign, whole, once, again = match.groups()
    top = int((whole + once or "0") + again) - int(whole + once or "0")
    return _value(sign, None, Fraction(top), Fraction((10 ** len(again) - 1) * 10 ** len(once)))


def _value(sign: str, whole: str | None, top: Fraction, bottom: Fraction) -> Fraction | None:
    if bottom == 0:
        return None
    value = int(whole or 0) + top / bottom
    return -value if sign == "-" else value


def stands_for(decimal: str, value: Fraction) -> bool:
    """Whether a plain decimal is a value rounded or cut off, with six significant digits or more.

    >>> stands_for("0.333333", Fraction(1, 3)), stands_for("0.33", Fraction(1, 3))
    (True, False)
    """
    match = DECIMAL.fullmatch(decimal.strip())
    if not match or len((match[1] + match[2]).lstrip("0")) < ROUNDED_DIGITS:
        return False
    step = Fraction(10) ** (int(match[3] or 0) - len(match[2]))
    return abs(Fraction(decimal.replace(" ", "")) - value) < step
