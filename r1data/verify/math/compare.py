"""The fast tiers: whether a prediction equals a reference, as far as that is sure. None: algebra must decide.

>>> decide("1/2", "0.5"), decide("1/2", "0.6"), decide(r"\\\\int x", "0.5")
('exact', True), ('exact', False), ('algebra', None)
"""

import re
from fractions import Fraction
from functools import lru_cache

from r1data.verify.math import normalise, shape, values, words
from r1data.verify.math.exact import plain
from r1data.verify.math.shape import Shape

INTEGER = re.compile(r"-?\d{1,300}")
TIME = re.compile(r":\s*\d\d")
MEMO_PAIRS = 1 << 14


@lru_cache(MEMO_PAIRS)
def decide(reference: str, prediction: str) -> tuple[str, bool | None]:
    """The tier that decides, and its verdict; `("algebra", None)` when none is sure."""
    if INTEGER.fullmatch(reference) and INTEGER.fullmatch(prediction):
        return "exact", int(reference) == int(prediction)
    wanted, found = normalise.tidy(reference), normalise.tidy(prediction)
    if not wanted or not found:
        return "text", wanted == found if wanted else None
    if normalise.key(wanted) == normalise.key(found):
        return "text", True
    one, other = plain(normalise.thousands(wanted)), plain(normalise.thousands(found))
    if one is not None and other is not None:
        return "exact", values.numbers(wanted, found, one, other)
    same = words.same(wanted, found)
    if same is None and not words.prose(wanted, found):
        same = equal(shape.read(wanted), shape.read(found))
    return ("numeric", same) if same is not None else ("algebra", None)


def is_several(reference: str) -> bool:
    """Whether a reference has several parts."""
    return bool(shape.read(normalise.tidy(reference)).parts)


def equal(wanted: Shape, found: Shape) -> bool | None:
    """Whether two shapes are equal; None when that is not sure."""
    if wanted.text and normalise.key(wanted.text) == normalise.key(found.text):
        return True
    kinds = wanted.kind, found.kind
    if "relation" in kinds:
        return _relations(wanted, found)
    if kinds == ("value", "value"):
        return values.same(wanted.text, found.text)
    if kinds == ("tuple", "tuple"):
        return _tuples(wanted, found)
    if set(kinds) <= {"list", "set"} or kinds == ("union", "union"):
        return _unordered(wanted.parts, found.parts)
    if kinds == ("matrix", "matrix") or kinds == ("row", "row"):
        return _ordered(wanted.parts, found.parts)
    if set(kinds) == {"matrix", "tuple"}:
        cells = [tuple(c for row in s.parts for c in (row.parts or (row,))) for s in (wanted, found)]
        return _ordered(*cells) or None
    if set(kinds) == {"list", "tuple"}:
        return _ordered(wanted.parts, found.parts) or None
    if "value" in kinds:
        return _one_of_several(wanted, found)
    return None


def _ordered(wanted: tuple[Shape, ...], found: tuple[Shape, ...]) -> bool | None:
    if len(wanted) != len(found):
        return False
    pairs = [equal(*pair) for pair in zip(wanted, found, strict=True)]
    return False if False in pairs else None if None in pairs else True


def _tuples(wanted: Shape, found: Shape) -> bool | None:
    same = _ordered(wanted.parts, found.parts)
    if same and wanted.marks != found.marks:
        # Three numbers in brackets are a vector; two are an interval, open or closed.
        return False if len(wanted.parts) == 2 else None
    return same


def _unordered(wanted: tuple[Shape, ...], found: tuple[Shape, ...]) -> bool | None:
    """Every part of the one has an equal part in the other, whatever the order."""
    names = _names(wanted), _names(found)
    if names[0] and names[1] and names[0].keys() == names[1].keys():
        return _ordered(tuple(names[0].values()), tuple(names[1][name] for name in names[0]))
    table = [[equal(part, other) for other in found] for part in wanted]
    doubt = False
    for verdicts in (*table, *zip(*table, strict=True)):
        if True not in verdicts:
            if None not in verdicts:
                return False
            doubt = True
    return None if doubt else True


def _names(parts: tuple[Shape, ...]) -> dict[str, Shape] | None:
    """Values by name, where each part gives one to another name, as `x = 1, y = 2` does."""
    named = {
        normalise.key(part.parts[0].text): part.parts[-1]
        for part in parts
        if part.kind == "relation" and part.marks == "=" and shape.NAMED.fullmatch(part.parts[0].text)
    }
    return named if len(named) == len(parts) else None


def _one_of_several(wanted: Shape, found: Shape) -> bool | None:
    """One value against several: wrong when one of them surely differs; thousands may look like several."""
    single, several = (wanted, found) if wanted.kind == "value" else (found, wanted)
    if several.kind not in ("list", "set", "tuple") or plain(normalise.thousands(several.text)) is not None:
        return None
    return False if any(equal(single, part) is False for part in several.parts) else None


def _relations(wanted: Shape, found: Shape) -> bool | None:
    ratios = _ratio(wanted), _ratio(found)
    if ratios[0] and ratios[1]:
        return _ratios(*ratios, wanted.text, found.text)
    if wanted.kind == found.kind:
        return _equations(wanted, found)
    relation, other = (wanted, found) if wanted.kind == "relation" else (found, wanted)
    approximate = "~" in relation.marks
    if not set(relation.marks.split()) <= {"=", "~"}:
        return None
    first = relation.parts[0].text
    named = shape.NAMED.fullmatch(first) is not None
    # What a prediction gives a value to, such as `x + y`, is taken to be what was asked for.
    asked = relation is found and plain(other.text) is not None and not named
    if not named and not asked and not approximate and not values.constant(first):
        # Only a chain of equal sides, such as a product and its expansion, is one value.
        return True if all(values.same(other.text, side.text) for side in relation.parts) else None
    candidates = relation.parts[named:] if approximate else relation.parts[-1:]
    verdicts = [equal(other, c) if other is wanted else equal(c, other) for c in candidates]
    return True if True in verdicts else None if None in verdicts else False


def _ratio(one: Shape) -> list[Fraction] | None:
    parts = one.parts if one.kind == "relation" and set(one.marks.split()) == {":"} else (one,)
    amounts = [plain(part.text) for part in parts]
    return None if None in amounts else amounts


def _ratios(one: list[Fraction], other: list[Fraction], wanted: str, found: str) -> bool | None:
    """Ratios are equal when proportional, and `1:4` is 1/4; a time such as 12:30 looks like a ratio."""
    ratios = [r if len(r) > 1 else [r[0], Fraction(1)] for r in (one, other)]
    if len(ratios[0]) != len(ratios[1]):
        return False
    same = all(a * ratios[1][0] == b * ratios[0][0] for a, b in zip(*ratios, strict=True))
    time = any(TIME.search(text) for text in (wanted, found))
    return None if time and (same or len(one) != len(other)) and one != other else same


def _equations(wanted: Shape, found: Shape) -> bool | None:
    """Equations of one variable by their last sides; others when they differ by a constant factor."""
    if {wanted.marks, found.marks} != {"="}:
        return None
    sides = [(one.parts[0].text, one.parts[1].text) for one in (wanted, found)]
    names = [shape.NAMED.fullmatch(left) is not None for left, _ in sides]
    if all(names) and normalise.key(sides[0][0]) == normalise.key(sides[1][0]):
        return equal(wanted.parts[-1], found.parts[-1])
    return values.proportional(*sides)
