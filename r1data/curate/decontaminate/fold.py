"""Tables by which code points are compared: what each is written as, and what kind of sign it is.

Compatibility forms become plain ones (full-width, superscript, ligatures), letters small, accents and
invisible characters nothing, dashes one dash. So a text is the same whatever form of Unicode it came in.
"""

import unicodedata
from functools import cache

import numpy as np

SIZE = 0x20000
"""Code points in the tables; all above are Chinese characters or signs, and are words of their own."""
WIDTH = np.uint64(21)
"""Bits of a code point; an entry holds up to three, the first lowest."""
OTHER, LETTER, DIGIT, ALONE, NUMERAL = range(5)
"""Kinds: ALONE is a word by itself, NUMERAL one that is also a number."""
NUMERALS = "〇零一二三四五六七八九十百千万亿億两兩"
DASHES = "‐‑‒–—―−﹣"
LIKE = {
    **dict.fromkeys(DASHES, "-"), **dict.fromkeys("×·⋅∗∙•", "*"), **dict.fromkeys("÷⁄∕", "/"),
    **dict.fromkeys("≤⩽", "<"), **dict.fromkeys("≥⩾", ">"), "ı": "i",
}  # fmt: skip
INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
UNSPACED = (
    (0x0E00, 0x0FFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3005, 0x3007), (0x3040, 0x30FF),
    (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x1B000, 0x1B16F),
)  # fmt: skip
"""Scripts that are written without spaces: each code point is a word."""


@cache
def tables() -> tuple[np.ndarray, np.ndarray]:
    """What code points are written as (uint64 [SIZE]; 0 for nothing) and their kinds (uint8 [SIZE])."""
    written = np.zeros(SIZE, np.uint64)
    kinds = np.zeros(SIZE, np.uint8)
    for code in range(SIZE):
        character = chr(code)
        kinds[code] = _kind(character)
        for place, part in enumerate(_written(character)[:3]):
            written[code] |= np.uint64(ord(part)) << (WIDTH * np.uint64(place))
    for first, last in UNSPACED:
        kinds[first : last + 1] = ALONE
    for numeral in NUMERALS:
        kinds[ord(numeral)] = NUMERAL
    return written, kinds


def _written(character: str) -> str:
    if character in INVISIBLE or 0xD800 <= ord(character) <= 0xDFFF:
        return ""
    if (digit := unicodedata.decimal(character, None)) is not None:
        return str(digit)
    plain = unicodedata.normalize("NFKD", LIKE.get(character, character)).lower()
    folded = unicodedata.normalize("NFKD", plain)
    return "".join(LIKE.get(part, part) for part in folded if not unicodedata.combining(part))


def _kind(character: str) -> int:
    if "0" <= character <= "9":
        return DIGIT
    return LETTER if unicodedata.category(character)[0] in "LM" else OTHER
