"""Whether two single values are equal: with units, percent signs and bases, as numbers, or at fixed points.

>>> same("60\\\\text{ cm}", "0.6\\\\text{ m}"), same("x(x+1)", "x^2+x"), same("x", "2x")
(True, True, False)
"""

import re
from fractions import Fraction

from r1data.verify.math import normalise, quantity, units
from r1data.verify.math.exact import DECIMAL, plain, stands_for
from r1data.verify.math.numeric import (
    N_POINTS,
    Huge,
    Undefined,
    Unevaluated,
    Value,
    close,
    evaluate,
    is_real,
    point,
)
from r1data.verify.math.parser import Expression, Unread, parse
from r1data.verify.math.quantity import Quantity

INFINITE = {r"\infty", r"-\infty", r"+\infty"}
LOG = re.compile(r"\\?log(?![a-zA-Z]|\s*_)")
"""A logarithm without a base: natural or common, whichever makes two answers equal."""
MAX_VARIABLES = 8
ROUNDED = Fraction(1, 1000)
"""Share of the larger value by which values with decimals in them may differ from rounding."""
MAX_ROUNDED = 1e12


def same(wanted: str, found: str) -> bool | None:
    """Whether two tidy values are equal; None when that is not sure."""
    one, other = quantity.read(wanted), quantity.read(found)
    if one.base or other.base:
        both = (one.core, one.base) == (other.core, other.base)
        return both if one.base and other.base else one.core == other.core or None
    if (one.percent and other.unit) or (other.percent and one.unit):
        return False
    if one.unit and other.unit and one.unit != other.unit:
        return _units(one, other)
    if INFINITE & {one.core, other.core}:
        return one.core == other.core or (None if "infty" in one.core and "infty" in other.core else False)
    equal = _cores(one.core, other.core)
    if equal is False and one.scale != other.scale:
        equal = _cores(f"({one.core})*10^{{{one.scale}}}", f"({other.core})*10^{{{other.scale}}}")
    if equal is False and one.percent != other.percent:
        part, whole = (one, other) if one.percent else (other, one)
        hundredth = f"{part.core}e-2" if DECIMAL.fullmatch(part.core) else f"({part.core})/100"
        equal = _cores(hundredth, whole.core)
    if equal is False and "degree" in (one.unit, other.unit) and one.unit != other.unit:
        angle, plane = (one, other) if one.unit else (other, one)
        equal = "\\pi" in plane.core and _cores(rf"({angle.core})*\pi/180", plane.core)
    return equal


def numbers(wanted: str, found: str, one: Fraction, other: Fraction) -> bool:
    """Two plain numbers: equal, or the one a rounded decimal of the other."""
    return one == other or stands_for(found, one) or stands_for(wanted, other)


def constant(text: str) -> bool:
    """Whether a tidy text is an expression without variables."""
    try:
        return not parse(text).names
    except Unread:
        return False


def proportional(wanted: tuple[str, str], found: tuple[str, str]) -> bool | None:
    """Whether two equations, by their sides, differ by a constant factor; None when that is not sure."""
    try:
        one, other = (parse(f"({left})-({right})") for left, right in (wanted, found))
        names = sorted(one.names | other.names)
        if not names or len(names) > MAX_VARIABLES:
            return None
        ratios = []
        for index in range(N_POINTS):
            top, bottom = (evaluate(side, point(names, index)) for side in (one, other))
            if isinstance(top, Huge) or isinstance(bottom, Huge) or bottom == 0 or top == 0:
                return None
            ratios.append(top / bottom)
        return True if all(close(ratio, ratios[0]) for ratio in ratios) else None
    except (Unread, Unevaluated, TypeError):
        return None


def _units(wanted: Quantity, found: Quantity) -> bool | None:
    """Values with different units: as many of the one as the units' sizes say."""
    factor = units.factor(found.unit or "", wanted.unit or "")
    if factor is None:
        return False
    return _cores(wanted.core, f"({found.core})*{factor.numerator}/{factor.denominator}")


def _cores(wanted: str, found: str) -> bool | None:
    one, other = plain(normalise.thousands(wanted)), plain(normalise.thousands(found))
    if one is not None and other is not None:
        return numbers(wanted, found, one, other)
    if normalise.key(wanted) == normalise.key(found):
        return True
    try:
        equal = _expressions(wanted, found, parse(wanted), parse(found))
    except (Unread, Unevaluated):
        return None
    if not equal and (LOG.search(wanted) or LOG.search(found)):
        return _cores(*(LOG.sub(r"\\lg ", text) for text in (wanted, found))) or equal
    return equal


def _expressions(wanted: str, found: str, one: Expression, other: Expression) -> bool | None:
    if not one.names and not other.names:
        return _constants(wanted, found, one, other)
    names = sorted(one.names | other.names)
    if len(names) > MAX_VARIABLES:
        return None
    doubtful = one.doubtful or other.doubtful or one.decimal or other.decimal or one.names != other.names
    for index in range(N_POINTS):
        values = [evaluate(side, point(names, index)) for side in (one, other)]
        equal = close(*values)
        if equal is None or isinstance(values[0], Huge):
            return None
        if not equal:
            if not one.names or not other.names:
                return False if _varies(one if one.names else other, names) else None
            sure = index == 0 and not doubtful and all(map(is_real, values))
            return False if sure else None
    return True


def _varies(expression: Expression, names: list[str]) -> bool:
    """Whether an expression surely depends on its variables; the `F` of `41F` may be a unit."""
    if expression.tree[0] in ("*", "/", "v"):
        return False
    values = [evaluate(expression, point(names, index)) for index in (0, 1)]
    return close(*values) is False


def _constants(wanted: str, found: str, one: Expression, other: Expression) -> bool | None:
    values = _value(one), _value(other)
    if None in values:
        return None if values == (None, None) else False
    equal = close(*values)
    if equal and not isinstance(values[0], Huge):
        return True
    if isinstance(values[0], Huge) or isinstance(values[1], Huge):
        return None if values[0] is values[1] else False
    doubtful = one.doubtful or other.doubtful or one.degrees != other.degrees
    if not all(map(is_real, values)):
        return None if doubtful or one.decimal or other.decimal else equal
    for text, value in ((found, values[0]), (wanted, values[1])):
        if abs(value) < MAX_ROUNDED and stands_for(text, _fraction(value)):
            return True
    if doubtful:
        return None
    if one.decimal or other.decimal:
        exact = [_fraction(value) for value in values]
        near = abs(exact[0] - exact[1]) <= ROUNDED * max(map(abs, exact))
        lone = plain(found) is not None or plain(wanted) is not None
        return None if near and not lone else False
    return equal


def _value(constant: Expression) -> Value | None:
    """The value of a constant; None when it divides by zero."""
    try:
        return evaluate(constant, {})
    except Undefined:
        return None


def _fraction(value: object) -> Fraction:
    return value if isinstance(value, Fraction) else Fraction(str(value))
