"""Written arithmetic with exact fractions: what it computes, and with other numbers.

>>> values(parse("(48 - 8) / 2"))[-1]
Fraction(20, 1)

Only `+ - * / ( )` and numbers are read, by Python's own grammar; nothing is evaluated as a program.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

MAX_CHARS = 300
"""A longer expression is not read: Python's grammar nests as deep as the stack."""
MAX_PLACES = 4
PERCENT = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*%")
SIGNS = str.maketrans({"×": "*", "x": "*", "X": "*", "÷": "/", "−": "-", ",": None, "$": None, "€": None})
SYMBOLS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


@dataclass(frozen=True)
class Number:
    """A number as it is written."""

    value: Fraction


@dataclass(frozen=True)
class Link:
    """What stands where a number stood: the input or the step of that number."""

    kind: str
    """`input` or `step`."""
    number: int


@dataclass(frozen=True)
class Operation:
    """Two trees and a sign."""

    sign: str
    left: "Tree"
    right: "Tree"


Tree = Number | Link | Operation


def parse(text: str) -> Tree:
    """Read an expression.

    Raises:
        ValueError: it holds anything but numbers, signs and parentheses.
    """
    if len(text) > MAX_CHARS:
        raise ValueError("too long")
    plain = PERCENT.sub(r"(\1/100)", text).translate(SIGNS).strip()
    try:
        return _tree(ast.parse(plain, mode="eval").body, plain)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"not arithmetic: {text[:40]}") from error


def _tree(node: ast.expr, text: str) -> Tree:
    if isinstance(node, ast.BinOp) and type(node.op) in SYMBOLS:
        return Operation(SYMBOLS[type(node.op)], _tree(node.left, text), _tree(node.right, text))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return Operation("-", Number(Fraction(0)), _tree(node.operand, text))
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        digits = ast.get_source_segment(text, node) or ""
        if "e" not in digits.lower():  # an exponent may stand for more digits than there is memory
            return Number(Fraction(digits))
    raise ValueError(f"not arithmetic: {text[:40]}")


def replaced(tree: Tree, link: Callable[[Fraction], Tree]) -> Tree:
    """The tree with `link(value)` in place of every number."""
    if isinstance(tree, Operation):
        return Operation(tree.sign, replaced(tree.left, link), replaced(tree.right, link))
    return link(tree.value) if isinstance(tree, Number) else tree


def added(tree: Tree) -> Iterator[Fraction]:
    """Numbers that a tree adds or subtracts as they are."""
    if isinstance(tree, Operation):
        for side in (tree.left, tree.right):
            if tree.sign in "+-" and isinstance(side, Number):
                yield side.value
            yield from added(side)


def values(
    tree: Tree, inputs: tuple[Fraction, ...] = (), steps: tuple[Fraction, ...] = ()
) -> tuple[Fraction, ...]:
    """Every value on the way, the whole tree's last.

    Raises:
        ZeroDivisionError: it divides by zero.
    """
    if isinstance(tree, Number):
        return (tree.value,)
    if isinstance(tree, Link):
        return ((inputs if tree.kind == "input" else steps)[tree.number],)
    left, right = (values(side, inputs, steps) for side in (tree.left, tree.right))
    a, b = left[-1], right[-1]
    result = {"+": a.__add__, "-": a.__sub__, "*": a.__mul__, "/": a.__truediv__}[tree.sign](b)
    return (*left, *right, result)


def same_kind(old: Fraction, new: Fraction) -> bool:
    """Whether a new value could stand for the old: the same sign, whole if it was whole, no more decimals."""
    if (old > 0) != (new > 0) or (old < 0) != (new < 0):
        return False
    places = next((p for p in range(MAX_PLACES + 1) if (old * 10**p).denominator == 1), None)
    scale = old.denominator if places is None else 10**places
    return (new * scale).denominator == 1


def decimal(value: Fraction, places: int, *, commas: bool = False) -> str:
    """A value with so many decimals, every digit exact; a float has only 15 of them."""
    whole, rest = divmod(abs(round(value * 10**places)), 10**places)
    digits = f"{whole:,}" if commas else str(whole)
    return ("-" if value < 0 else "") + digits + (f".{rest:0{places}d}" if places else "")


def written(value: Fraction) -> str:
    """A value as a reference: `12`, `0.25`, or `1/3` where it has no end."""
    for places in range(MAX_PLACES + 1):
        if (value * 10**places).denominator == 1:
            return decimal(value, places)
    return f"{value.numerator}/{value.denominator}"
