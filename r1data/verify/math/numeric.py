"""The value of a parsed expression at fixed points: exact where it is rational, else to 40 digits.

Numbers are bounded: a power or factorial beyond `MAX_BITS` is `HUGE`, which costs nothing and equals no plain
number. Two expressions that agree to 20 digits at all points are equal; no text of a few hundred characters
that a model writes comes that near without being equal.
"""

import math
import re
import threading
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from r1data.verify.math.parser import Expression, Tree

Value = Any
"""A Fraction, or a real or complex number of mpmath."""

MAX_BITS = 20_000
MAX_FACTORIAL = 1_000
MAX_POWER = 1 << 40
N_POINTS = 4
DIGITS, EQUAL, DIFFERENT = 40, 1e-20, 1e-10
LOCAL = threading.local()


class Unevaluated(Exception):
    """The expression has no value here, or one that is out of bounds."""


class Undefined(Unevaluated):
    """The expression has no value: it divides by zero."""


class Huge:
    """A real number above 2**MAX_BITS."""


HUGE = Huge()


def context() -> Any:
    """This thread's own mpmath context; the global one is shared, and changes its precision."""
    if not hasattr(LOCAL, "context"):
        import mpmath

        LOCAL.context = mpmath.MPContext()
        LOCAL.context.dps = DIGITS
    return LOCAL.context


def point(names: list[str], index: int) -> dict[str, Fraction]:
    """Values of variables at a fixed point: no small integers; all positive at even points."""
    return {
        name: Fraction(101 + 37 * place + 59 * index, 89 - 2 * place) * (-1) ** (index * (place + 1))
        for place, name in enumerate(names)
    }


def evaluate(expression: Expression, values: Mapping[str, Fraction]) -> Value | Huge:
    """The value of an expression.

    Raises:
        Unevaluated: it has none, or it is out of bounds.
    """
    try:
        return _value(expression.tree, values)
    except (ArithmeticError, ValueError, TypeError, NotImplementedError) as error:
        raise Unevaluated from error


def is_real(value: Value) -> bool:
    """Whether a value has no imaginary part."""
    return isinstance(value, Fraction | context().mpf)


def close(one: Value, other: Value) -> bool | None:
    """Whether two values are equal; None between equal and surely different, where digits were lost."""
    if isinstance(one, Huge) or isinstance(other, Huge):
        return None if one is other else False
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return one == other
    one, other = _inexact(one), _inexact(other)
    distance, size = abs(one - other), max(abs(one), abs(other))
    if size < EQUAL:
        return True if one == 0 or other == 0 else None
    if distance <= EQUAL * size:
        return True
    return False if distance > DIFFERENT * size else None


def _value(tree: Tree, values: Mapping[str, Fraction]) -> Value | Huge:
    node = tree[0]
    if node == "n":
        return tree[1]
    if node == "v":
        return values[tree[1]]
    if node == "c":
        return _constant(tree[1])
    inner = [_value(one, values) for one in tree[1:]]
    if node == "^":
        return _bounded(_power(*inner))
    if any(isinstance(one, Huge) for one in inner) and node not in ("!", "!!"):
        raise Unevaluated
    return _bounded(OPERATIONS[node](*inner) if node in OPERATIONS else _function(node, inner[0]))


def _constant(name: str) -> Value:
    mp = context()
    if name == "infty":
        raise Unevaluated
    return mp.mpc(0, 1) if name == "i" else +(mp.pi if name == "pi" else mp.e)


def _bounded(value: Value) -> Value:
    if isinstance(value, Huge):
        return value
    if isinstance(value, Fraction):
        if value.numerator.bit_length() + value.denominator.bit_length() > 2 * MAX_BITS:
            raise Unevaluated
        return value
    mp = context()
    if isinstance(value, mp.mpc):
        if abs(value.imag) <= 1e-30 * abs(value.real):
            value = value.real
        elif not mp.isfinite(value):
            raise Unevaluated
        else:
            return value
    if not mp.isfinite(value) or (value != 0 and abs(mp.mag(value)) > MAX_BITS):
        raise Unevaluated
    return value


def _inexact(value: Value) -> Value:
    if isinstance(value, Fraction):
        mp = context()
        return mp.mpf(value.numerator) / value.denominator
    return value


def _mixed(exact: Callable[[Any, Any], Any]) -> Callable[[Value, Value], Value]:
    """An operation that stays exact between Fractions."""

    def operate(one: Value, other: Value) -> Value:
        if isinstance(one, Fraction) and isinstance(other, Fraction):
            return exact(one, other)
        return exact(_inexact(one), _inexact(other))

    return operate


def _divide(one: Value, other: Value) -> Value:
    if other == 0:
        raise Undefined
    return one / other


def _power(base: Value | Huge, exponent: Value | Huge) -> Value | Huge:
    if isinstance(base, Huge) or isinstance(exponent, Huge):
        grows = isinstance(base, Huge) or (is_real(base) and base >= 2)
        if grows and (isinstance(exponent, Huge) or (is_real(exponent) and exponent >= 1)):
            return HUGE
        raise Unevaluated
    if base == 0:
        if is_real(exponent) and exponent > 0:
            return Fraction(0)
        raise Unevaluated
    if isinstance(base, Fraction) and isinstance(exponent, Fraction):
        if exponent.denominator == 1:
            return _whole_power(base, int(exponent))
        if exponent.denominator == 2:
            return _power(_root(base, Fraction(2)), Fraction(exponent.numerator))
    if is_real(exponent) and abs(exponent) > MAX_POWER:
        return _far_power(base, exponent)
    bits = abs(context().log(abs(_inexact(base)), 2)) * abs(_inexact(exponent))
    return _far_power(base, exponent) if bits > MAX_BITS else _inexact(base) ** _inexact(exponent)


def _whole_power(base: Fraction, exponent: int) -> Value | Huge:
    if abs(base) == 1:
        return base ** (exponent % 2)
    bits = max(abs(base.numerator), base.denominator).bit_length() - 1
    if bits * abs(exponent) > MAX_BITS:
        return _far_power(base, Fraction(exponent))
    return base**exponent if abs(exponent) <= MAX_BITS else _far_power(base, Fraction(exponent))


def _far_power(base: Value, exponent: Value) -> Huge:
    """A power out of bounds; surely above them when a base of at least 2 has that many bits' exponent."""
    if is_real(base) and base >= 2 and is_real(exponent) and exponent > MAX_BITS:
        return HUGE
    raise Unevaluated


def _root(value: Value, degree: Value) -> Value:
    if not isinstance(degree, Fraction) or degree.denominator != 1 or not 2 <= degree <= 100:
        raise Unevaluated
    n = int(degree)
    if isinstance(value, Fraction):
        if value < 0 and n % 2:
            return -_root(-value, degree)
        tops = _whole_root(abs(value.numerator), n), _whole_root(value.denominator, n)
        if value >= 0 and None not in tops:
            return Fraction(*tops)
    elif is_real(value) and value < 0 and n % 2:
        return -_root(-value, degree)
    mp = context()
    return mp.sqrt(_inexact(value)) if n == 2 else mp.root(_inexact(value), n)


def _whole_root(value: int, n: int) -> int | None:
    if n == 2:
        root = math.isqrt(value)
    else:
        mp = context()
        root = int(mp.nint(mp.root(value, n))) if value.bit_length() < 100 else 0
    return root if root**n == value else None


def _log(value: Value, base: Value) -> Value:
    mp = context()
    value = mp.log(_inexact(value)) / mp.log(_inexact(base))
    near = mp.nint(value.real)
    # Logarithms of powers are whole, so that log_2 8 is exactly 3.
    return Fraction(int(near)) if abs(value - near) < 1e-30 and abs(near) < MAX_BITS else value


def _whole(value: Value) -> int:
    if isinstance(value, Fraction) and value.denominator == 1 and value >= 0:
        return int(value)
    raise Unevaluated


def _factorial(value: Value | Huge) -> Value | Huge:
    if isinstance(value, Huge):
        return HUGE
    n = _whole(value)
    return Fraction(math.factorial(n)) if n <= MAX_FACTORIAL else HUGE if n > MAX_BITS else _give_up()


def _double_factorial(value: Value | Huge) -> Value | Huge:
    if isinstance(value, Huge):
        return HUGE
    n = _whole(value)
    if n > MAX_FACTORIAL:
        return HUGE if n > 2 * MAX_BITS else _give_up()
    return Fraction(math.prod(range(n, 0, -2)))


def _binomial(one: Value, other: Value) -> Value:
    n, k = _whole(one), _whole(other)
    if min(k, n - k) > MAX_BITS:
        return HUGE
    if min(k, n - k) * n.bit_length() > MAX_BITS:
        raise Unevaluated
    return Fraction(math.comb(n, k))


def _give_up() -> Value:
    raise Unevaluated


def _function(name: str, value: Value) -> Value:
    if name == "exp":
        return _power(context().e, value)
    if name == "lg":
        return _log(value, Fraction(10))
    mp, value = context(), _inexact(value)
    if name in ("sin", "cos", "tan", "cot", "sec", "csc") and abs(value) > MAX_POWER:
        raise Unevaluated
    if name.startswith("arc"):
        name = "a" + name.removeprefix("arc")
    if name in ("ln", "log") and value == 0:
        raise Unevaluated
    name = "ln" if name == "log" else name
    if not NAMES.fullmatch(name):
        raise Unevaluated
    return getattr(mp, name)(value)


NAMES = re.compile("a?(?:sin|cos|tan)|cot|sec|csc|sinh|cosh|tanh|ln")
OPERATIONS: dict[str, Callable[..., Value]] = {
    "+": _mixed(lambda one, other: one + other),
    "-": _mixed(lambda one, other: one - other),
    "*": _mixed(lambda one, other: one * other),
    "/": _mixed(_divide),
    "neg": lambda one: -one,
    "+0": lambda one: one,
    "abs": abs,
    "floor": lambda one: Fraction(math.floor(one)),
    "ceil": lambda one: Fraction(math.ceil(one)),
    "sqrt": lambda one: _root(one, Fraction(2)),
    "root": _root,
    "log": _log,
    "!": _factorial,
    "!!": _double_factorial,
    "binom": _binomial,
}
