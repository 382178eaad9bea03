"""Multiple choice: the letter that the completion states as its answer."""

import re
from typing import Any

from r1data.verify.answer import bare, stated
from r1data.verify.verdict import Verdict, right, unknown, wrong

VERSION = "choice-1"

LEADING = re.compile(r"\W*(?:(?:option|choice)\s+)?\W*([A-J])(?![\w'’])", re.IGNORECASE)
LETTER = re.compile(r"(?<![\w'’])([B-J]|A(?!\s+[a-z]))(?![\w'’])")
"""A letter that stands alone in capitals, and is no article."""


def verify(completion: str, reference: str | None, args: dict[str, Any]) -> Verdict:
    """Compare the stated letter with the reference, a letter from A to J; no arguments."""
    wanted = re.fullmatch(r"\W*([A-Ja-j])\W*", reference or "")
    if not wanted:
        return unknown("bad_reference")
    answer = stated(completion)
    if answer is None:
        return wrong("no_answer")
    found = _letter(bare(answer))
    if found is None:
        return wrong("no_answer")
    return right("equal", found) if found == wanted[1].upper() else wrong("different", found)


def _letter(answer: str) -> str | None:
    """The letter at the front, as in "(B) 0.8", else the last one that stands alone."""
    leading = LEADING.match(answer)
    if leading and (len(answer) == 1 or not re.match(r"\s*[a-z]", answer[leading.end() :])):
        return leading[1].upper()
    alone = LETTER.findall(answer)
    return alone[-1] if alone else None
