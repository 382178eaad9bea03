r"""What an answer consists of: a list, tuple, set, union, matrix or relation of parts, or one value.

>>> read("(1, 2]").marks
'(]'
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_PARTS = 64
MAX_DEPTH = 6
OPENERS, CLOSERS = ("(", "[", "{", r"\{"), (")", "]", "}", r"\}")
BRACKET = r"\\[{}]|[()\[\]{}]"
COMMA = re.compile(
    rf"{BRACKET}|[,;](?:\s*(?:\\text\s*\{{\s*)?(?:and|or)\b\s*\}}?)?"
    r"|\\text\s*\{\s*,?\s*(?:and|or)\s*,?\s*\}|\s(?:and|or)\s|\s*[和或]\s*"
)
UNION = re.compile(rf"{BRACKET}|\\cup(?![a-zA-Z])")
RELATION = re.compile(rf"{BRACKET}|\\(?:le|ge|ne|in|approx|to|implies|equiv)(?![a-zA-Z])|<=|>=|[=<>:]")
MATRIX = re.compile(
    r"\\begin\s*\{(pmatrix|bmatrix|matrix|Bmatrix|array)\}(?:\{[clr|]*\})?(.*)\\end\s*\{\1\}", re.DOTALL
)
ROW, CELL = re.compile(rf"{BRACKET}|\\\\"), re.compile(rf"{BRACKET}|&")
VARIABLE = re.compile(
    r"\\?[a-zA-Z]+(?:_\{?\w\}?)?|[a-zA-Z]\s*\(\s*[a-zA-Z]\s*\)|\\text\s*\{[^{}]*\}|[A-Za-z ]{3,40}"
)
NAMED = re.compile(
    VARIABLE.pattern + r"|(?:m\s*)?\\angle\s*[A-Z]+|\|?[A-Z]+\|?|\\[a-z]+\s*\{?[A-Z]{1,4}\}?"
    r"|[a-zA-Z](?:'+|\^\{?-1\}?)\s*(?:\([a-zA-Z]\))?|\\(?:sin|cos|tan)\s*\\?[a-zA-Z]+"
    r"|\\frac\s*\{\s*d\s*[a-zA-Z]?\s*\}\s*\{\s*d\s*[a-zA-Z]\s*\}|\(\s*[a-zA-Z](?:\s*,\s*[a-zA-Z])+\s*\)|[a-zA-Z]+_\{?[^{}=]{1,20}\}?|[a-zA-Z]+\s*\([^()=]{1,20}\)|\\text\s*\{[^{}]*\}(?:[^=\d]{0,20})"
)
"""What stands left of the sign when a value is given to a name: `x`, `AB`, `f(2)`, `\\angle A`, words."""
THOUSANDS = re.compile(r"(?:[^,=]*=\s*)?-?\d{1,3}(?:,\d{3})+(?:\.\d+)?[^\d,]*")
PLUS_MINUS = re.compile(r"\\(?:pm|mp)(?![a-zA-Z])")
BUILT = re.compile(r"[a-zA-Z]\s*(?:\\in\s*(?:\\mathbb\s*\{?\s*)?R\s*\}?\s*)?[|:]\s*(.+)")
INEQUALITY = re.compile(r"[<>]|\\[lg]e(?![a-zA-Z])")
INFINITE = {"<": r"-\infty", ">": r"\infty"}
TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
SIGNS = {
    r"\le": "<=",
    r"\ge": ">=",
    r"\ne": "!=",
    r"\in": "in",
    r"\approx": "~",
    r"\to": "to",
    r"\equiv": "=",
}


@dataclass(frozen=True)
class Shape:
    """An answer, read as far as its outer form."""

    kind: str
    """`list` (several answers), `set`, `tuple`, `union`, `matrix` (of `row`s), `relation` or `value`."""
    text: str
    """All of it, tidy."""
    parts: tuple["Shape", ...] = ()
    marks: str = ""
    """Brackets of a tuple; signs of a relation, one between two parts, separated by blanks."""


def read(text: str, depth: int = 0) -> Shape:
    """The shape of a tidy text; of kind `value` when it is one value, or nothing known."""
    text = text.strip()
    if depth > MAX_DEPTH:
        return Shape("value", text)
    return _whole(text, depth) or _split(text, depth) or Shape("value", text)


def pieces(text: str, separator: re.Pattern[str]) -> tuple[list[str], list[str]]:
    """Parts between separators that stand in no bracket, and the separators.

    `separator` also matches brackets; an interval's need not be of one kind.
    """
    found, between, depth, start = list[str](), list[str](), 0, 0
    for match in separator.finditer(text):
        token = match[0]
        if token in OPENERS:
            depth += 1
        elif token in CLOSERS:
            depth = max(0, depth - 1)
        elif depth == 0:
            found.append(text[start : match.start()].strip())
            between.append(token.strip())
            start = match.end()
    found.append(text[start:].strip())
    return found, between


def _whole(text: str, depth: int) -> Shape | None:
    """A shape that has brackets around all of it."""
    if text.startswith("\\begin"):
        return _matrix(text, depth)
    opener = r"\{" if text.startswith(r"\{") else text[:1]
    if opener not in OPENERS or opener == "{" or not _closes_last(text):
        return None
    closer = r"\}" if text.endswith(r"\}") else text[-1:]
    inner = text[len(opener) : len(text) - len(closer)].strip()
    parts = [part for part in pieces(inner, COMMA)[0] if part]
    if len(parts) > MAX_PARTS:
        return None
    if opener == r"\{":
        if "|" in inner or ":" in inner:
            condition = BUILT.fullmatch(inner)
            return read(condition[1], depth + 1) if condition else None
        return Shape("set", text, tuple(_several(parts, depth)))
    if len(parts) >= 2:
        return Shape("tuple", text, tuple(read(part, depth + 1) for part in parts), opener + closer)
    return (
        read(inner, depth + 1) if opener == "(" and closer == ")" and not PLUS_MINUS.search(inner) else None
    )


def _closes_last(text: str) -> bool:
    """Whether the bracket that the text begins with is closed by its last character."""
    depth = 0
    for match in re.finditer(BRACKET, text):
        depth += 1 if match[0] in OPENERS else -1
        if depth <= 0:
            return match.end() == len(text)
    return False


def _matrix(text: str, depth: int) -> Shape | None:
    match = MATRIX.fullmatch(text)
    if not match:
        return None
    rows = [pieces(row, CELL)[0] for row in pieces(match[2], ROW)[0] if row]
    if sum(map(len, rows)) > MAX_PARTS:
        return None
    cells = (tuple(read(cell, depth + 1) for cell in row) for row in rows)
    return Shape("matrix", text, tuple(Shape("row", "", row) for row in cells))


def _split(text: str, depth: int) -> Shape | None:
    """A shape whose parts stand side by side."""
    parts, _ = pieces(text, UNION)
    if 1 < len(parts) <= MAX_PARTS:
        return Shape("union", text, tuple(read(part, depth + 1) for part in parts))
    if not THOUSANDS.fullmatch(text):
        parts = [part for part in pieces(text, COMMA)[0] if part]
        if 1 < len(parts) <= MAX_PARTS:
            return _listed(text, parts, depth)
    parts, signs = pieces(text, RELATION)
    if 1 < len(parts) <= MAX_PARTS:
        return _relation(text, parts, signs, depth)
    if PLUS_MINUS.search(text):
        return Shape("list", text, tuple(_several([text], depth)))
    return None


def _listed(text: str, parts: list[str], depth: int) -> Shape:
    several = tuple(_several(parts, depth))
    return Shape("union" if all(map(_is_range, several)) else "list", text, several)


def _is_range(part: Shape) -> bool:
    """Whether a part is surely a range of numbers, as in `x < 1 or x > 2`; `(1, 2)` may be a point."""
    return part.kind == "tuple" and (part.marks in ("[)", "(]") or INEQUALITY.search(part.text) is not None)


def _several(parts: list[str], depth: int) -> Iterator[Shape]:
    """Parts of a set or list, with both values of each `\\pm`."""
    for part in parts:
        if PLUS_MINUS.search(part):
            signs = (("+", "-"), ("-", "+"))
            for plus, minus in signs:
                one = re.sub(r"\\pm(?![a-zA-Z])", plus, part)
                yield read(re.sub(r"\\mp(?![a-zA-Z])", minus, one), depth + 1)
        else:
            yield read(part, depth + 1)


def _relation(text: str, parts: list[str], signs: list[str], depth: int) -> Shape | None:
    signs = [SIGNS.get(sign, sign) for sign in signs]
    if "" in parts or {"\\implies", "to"} & set(signs):
        return None
    if signs == ["in"] and VARIABLE.fullmatch(parts[0]):
        return read(parts[1], depth + 1)
    if set(signs) <= set(TURNED) and (interval := _interval(text, parts, signs, depth)):
        return interval
    if set(signs) == {":"} and len(parts) > 3:
        return None
    return Shape("relation", text, tuple(read(part, depth + 1) for part in parts), " ".join(signs))


def _interval(text: str, parts: list[str], signs: list[str], depth: int) -> Shape | None:
    """`1 <= x < 2` as `[1, 2)` and `x > 5` as `(5, oo)`."""
    if len(parts) == 2 and VARIABLE.fullmatch(parts[1]) and not VARIABLE.fullmatch(parts[0]):
        parts, signs = parts[::-1], [TURNED[signs[0]]]
    if len(parts) == 2 and VARIABLE.fullmatch(parts[0]):
        bound, less = parts[1], signs[0].startswith("<")
        ends = (INFINITE["<"], bound) if less else (bound, INFINITE[">"])
        closed = "]" if "=" in signs[0] else ")"
        marks = "(" + closed if less else ("[" if "=" in signs[0] else "(") + ")"
    elif len(parts) == 3 and VARIABLE.fullmatch(parts[1]) and signs[0][0] == signs[1][0]:
        if signs[0][0] == ">":
            parts, signs = parts[::-1], [TURNED[sign] for sign in signs[::-1]]
        ends = (parts[0], parts[2])
        marks = ("[" if "=" in signs[0] else "(") + ("]" if "=" in signs[1] else ")")
    else:
        return None
    return Shape("tuple", text, tuple(read(end, depth + 1) for end in ends), marks)
