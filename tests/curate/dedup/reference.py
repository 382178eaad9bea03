"""The slow, plain meaning of what the kernels compute."""

import re

UNSPACED = "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3000-\U0010ffff"
"""Thai, Lao, Tibetan, Burmese, Khmer, and CJK: scripts whose code points are words of their own."""
WORD = re.compile(rf"[{UNSPACED}]|[^\x00-\x20{UNSPACED}]+")


def words(text: str) -> list[str]:
    """Runs between blanks, and single code points of scripts without spaces."""
    return WORD.findall(text)


def shingles(text: str) -> set[tuple[str, ...]]:
    """Five words in a row; of a shorter text all of its words; none of a text without words."""
    found = words(text)
    return {tuple(found[at : at + 5]) for at in range(max(len(found) - 4, min(len(found), 1)))}


def jaccard(left: set[tuple[str, ...]], right: set[tuple[str, ...]]) -> float:
    """Share of shingles that two texts have in common; two empty ones are equal."""
    return len(left & right) / len(left | right) if left | right else 1.0
