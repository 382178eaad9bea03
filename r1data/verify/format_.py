"""The completion is one thought, opened and closed once, followed by an answer."""

from typing import Any

from r1data import text
from r1data.verify.verdict import Verdict, right, wrong

VERSION = "format-1"


def verify(completion: str, reference: str | None, args: dict[str, Any]) -> Verdict:
    """Judge the form alone; needs no reference and no arguments."""
    if text.is_well_formed(completion):
        return right("well_formed")
    found = text.thought(completion)
    reasoning, answer = text.split(completion)
    if found.start is None:
        return wrong("no_thought")
    if found.end is None:
        return wrong("unclosed_thought")
    if text.TAG.findall(completion) != [text.OPEN, text.CLOSE]:
        return wrong("stray_tags")
    if not reasoning:
        return wrong("no_thought")
    return wrong("stray_tags") if answer else wrong("no_answer")
