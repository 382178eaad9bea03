"""Pure functions over the text of traces: where the thought is, what the words are.

>>> thought("<think>1 + 1 = 2.</think>2")
Thought(start=7, end=17, answer_start=25)
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

OPEN, CLOSE = "<think>", "</think>"
TAG = re.compile(r"</?think>")
WORD = re.compile(r"\w+(?:[.,]\d+)*")
NUMBER = re.compile(r"-?\d+(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Thought:
    """Where the thought and the answer of a completion are, in characters (code points)."""

    start: int | None
    """Where the thought begins, after its tag; None without a thought."""
    end: int | None
    """Where the thought ends, before its tag; None when it was never closed."""
    answer_start: int | None
    """Where the answer begins; None while the thought is open."""


def thought(completion: str) -> Thought:
    """Find the thought of a raw completion.

    The first closing tag ends it. A closing tag without an opening one means that the opening tag was
    prefilled, so the thought begins at 0. Text without any tag is an answer without a thought; an opening
    tag that is never closed is a truncated thought, which has no answer.
    """
    end = completion.find(CLOSE)
    start = completion.find(OPEN, 0, end if end >= 0 else None)
    if end < 0:
        return Thought(None, None, 0) if start < 0 else Thought(start + len(OPEN), None, None)
    return Thought(start + len(OPEN) if start >= 0 else 0, end, end + len(CLOSE))


def with_tags(completion: str, marks: tuple[str, str]) -> str:
    """A completion with `<think>` and `</think>` where a teacher's own marks open and close its thought.

    Equal marks open and close in turn, as in R1's cold start: mark, reasoning, mark, summary. Only the first
    of each is replaced, so that what stands in the wrong place stays to be seen.

    >>> with_tags("|s|1 + 1 = 2.|s|2", ("|s|", "|s|"))
    '<think>1 + 1 = 2.</think>2'
    """
    opening, closing = marks
    if (opening, closing) == (OPEN, CLOSE):
        return completion
    return completion.replace(opening, OPEN, 1).replace(closing, CLOSE, 1)


def split(completion: str) -> tuple[str | None, str | None]:
    """`(reasoning, answer)` of a completion, both trimmed; None where there is none."""
    found = thought(completion)
    reasoning = None if found.start is None else completion[found.start : found.end].strip()
    answer = None if found.answer_start is None else completion[found.answer_start :].strip()
    return reasoning, answer


def joined(reasoning: str | None, answer: str) -> str:
    """A completion from its parts; without a thought, the answer alone."""
    reasoning = (reasoning or "").strip()
    thought = f"{OPEN}\n{reasoning}\n{CLOSE}\n\n" if reasoning else ""
    return thought + answer.strip()


def is_well_formed(completion: str) -> bool:
    """Whether a thought is opened once, closed once, not empty, and followed by an answer; nothing stands
    before it.
    """
    tags = TAG.findall(completion)
    reasoning, answer = split(completion)
    return tags == [OPEN, CLOSE] and completion.lstrip().startswith(OPEN) and bool(reasoning) and bool(answer)


def words(text: str) -> list[str]:
    """Lower-case words; numbers keep their decimals."""
    return WORD.findall(text.lower())


def numbers(text: str) -> list[str]:
    """Numbers as written, without thousands separators."""
    return [number.replace(",", "") for number in NUMBER.findall(text)]


def prompt_text(messages: Iterable[dict[str, str]]) -> str:
    """The contents of chat messages, one after the other."""
    return "\n".join(message["content"] for message in messages)


def nearest(name: str, known: Iterable[str]) -> str:
    """How an error names what is not known: "`mat`; did you mean `math`? Known: exact, math."."""
    from rapidfuzz import process

    names = sorted(known)
    match = process.extractOne(name, names)
    return f"`{name}`{f'; did you mean `{match[0]}`?' if match else '.'} Known: {', '.join(names)}."
