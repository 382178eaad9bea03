r"""One value with what stands around it: unit, percent sign, base.

>>> read(r"13.5\text{ pounds}")
Quantity(core='13.5', unit='pound', percent=False, base=None)
"""

import re
from dataclasses import dataclass

from r1data.verify.math.units import named

UNIT = re.compile(
    r"(?<=[\w)}°%\]])(?:\s*\\text\s*\{(?P<text>[^{}]*)\}|\s+(?P<words>[A-Za-z][A-Za-z./ -]*[a-z]\.?)"
    r"|(?P<known>[a-z]{2,}(?:/[a-z]+)?|°\s*(?:\\text\s*\{\s*)?[CF]\s*\}?|°)|\s*(?P<chinese>[\u3400-\u9fff]+))"
    r"\s*(?:\^\s*\{?\s*(?P<power>\d)\s*\}?)?\s*"
)
"""What ends a quantity, where it is no factor: `\\text{ cm}^2`, ` square feet`, `cm`, `元`."""
CASE = re.compile(r"°\s*(?:\\text\s*\{\s*)?([CF])\s*\}?")
ABOUT = re.compile(
    r"\s*(?:\\text\s*\{\s*)?(?:the answer is|about|approximately|approx|around|roughly|exactly|大约|约)"
    r"(?![a-z])[.:]?\s*\}?\s*(?=\S)",
    re.IGNORECASE,
)
CHOICE = re.compile(r"\(?[A-J](?:\)|[.:](?=\s))\s*(?=[\d\\-])")
"""The letter before the value that it stands for."""
REMARK = re.compile(
    r"\s*(?:\\[pb]?mod\s*(?:\{\s*\d+\s*\}|\d+)|\(\s*(?:\\?mod\s*\d+|[A-Za-z][a-z]{2,}[^()\d=]*)\))"
)
"""What may follow an answer: `\\pmod 7`, `(approximately)`."""
SCALED = re.compile(
    r"([-\d.,]*\d)\s*(?:\\text\s*\{)?\s*(hundred|thousand|million|billion|trillion|[百千万亿])(?![a-z])\s*(.*)"
)
SCALES = {
    "hundred": 2,
    "thousand": 3,
    "million": 6,
    "billion": 9,
    "trillion": 12,
    "百": 2,
    "千": 3,
    "万": 4,
    "亿": 8,
}
NO_UNIT = re.compile(r"(?<![a-z])(?:or|and|sin|cos|tan)\b")
TAIL_CHARS = 60
BASED = re.compile(r"(\d[\dA-F]*|[A-F][\dA-F]*(?=\s*_\s*\{?\s*1[1-6]))\s*_\s*(?:\{\s*(\d+)\s*\}|(\d+))")
ORDINAL = re.compile(r"(\d+)\s*(?:\^?\s*\{?\s*)(?:st|nd|rd|th)\s*\}?(?:\s+[a-z]+)?")
TEXT = re.compile(r"\\text\s*\{([^{}]*)\}")
ANGLE = re.compile(r"\\?(?:sin|cos|tan|cot|sec|csc)(?![a-z])")


@dataclass(frozen=True)
class Quantity:
    """A value as written."""

    core: str
    """The value without what is named below."""
    unit: str | None = None
    """The one name of a unit, with its power; None for no unit, and for words that say what is counted."""
    percent: bool = False
    scale: int = 0
    """Power of ten that is written as a word, such as `million`."""
    base: int | None = None
    """Base of the number system that is written as an index."""


def read(text: str) -> Quantity:
    """Take the unit, percent sign and base off a tidy text."""
    if (text[:1].isalpha() or text[:1] == "\\") and (about := ABOUT.match(text)):
        text = text[about.end() :]
    if choice := CHOICE.match(text):
        text = text[choice.end() :]
    if text[-1:].isdigit():
        based = BASED.fullmatch(text)
        if based:
            return Quantity(based[1], base=int(based[2] or based[3]))
        if "\\" not in text and "^" not in text:
            return Quantity(text)
    if text.endswith((")", "}")) or "mod" in text:
        text = REMARK.sub("", text) if REMARK.sub("", text).strip() else text
    if scaled := SCALED.fullmatch(text):
        unit = named(scaled[3].strip(" }"))
        return Quantity(scaled[1], unit, scale=SCALES[scaled[2]])
    if ordinal := ORDINAL.fullmatch(TEXT.sub(r"\1", text)):
        return Quantity(ordinal[1])
    core, unit = _without_unit(text)
    percent = core.endswith("%")
    if based := BASED.fullmatch(core):
        return Quantity(based[1], unit, base=int(based[2] or based[3]))
    return Quantity(core.removesuffix("%").strip(), unit, percent)


def _without_unit(text: str) -> tuple[str, str | None]:
    offset = max(0, len(text) - TAIL_CHARS)
    for match in UNIT.finditer(text, offset):
        if match.end() != len(text):
            continue
        words = (match["text"] or match["words"] or match["known"] or match["chinese"] or "").strip()
        name = named(CASE.sub(r"°\1", words), match["power"])
        if (match["known"] and name is None) or (match["words"] and not _is_unit(match["words"], name)):
            return text, None
        core = text[: match.start()].strip()
        if name == "degree" and ANGLE.search(core):
            return text, None
        return (core, name) if (match["text"] and core) or re.search(r"\d|\\", core) else (text, None)
    return text, None


def _is_unit(words: str, name: str | None) -> bool:
    """Whether words after a blank are no factors: `6 xy` is a product, `6 eggs` is not."""
    return name is not None or (len(words) >= 4 and not NO_UNIT.search(words))
