"""The answer equals the reference but for case, blanks, the final period, quotation marks and Markdown."""

import unicodedata
from typing import Any

from r1data.verify.answer import bare, stated
from r1data.verify.verdict import Verdict, right, unknown, wrong

VERSION = "exact-1"


def verify(completion: str, reference: str | None, args: dict[str, Any]) -> Verdict:
    """Compare what the completion states as its answer with the reference; no arguments."""
    if not (wanted := _normal(reference or "")):
        return unknown("bad_reference")
    answer = stated(completion)
    if answer is None:
        return wrong("no_answer")
    answer = bare(answer)
    return right("equal", answer) if _normal(answer) == wanted else wrong("different", answer)


def _normal(answer: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", bare(answer)).casefold().split())
