"""Where the answer of a completion is: what follows the thought, and in it what is stated as the answer.

    >>> stated("<think>3 + 4 = 7.</think>So it is \\\\boxed{7}.")
    '7'

It is the same for all verifiers; `math` looks further, for a formula or number in plain sentences.
"""

import re

from r1data import text

PHRASE = re.compile(
    r"\b(?:final\s+)?answer(?:\s+is)?\s*[:：]|\banswer\s+is\s|####|^\s*A:|答案(?:是|为)?\s*[:：]?",
    re.IGNORECASE | re.MULTILINE,
)
"""What announces an answer: "Answer:", "The answer is", GSM8K's `####` and `A:`, and the Chinese phrase."""
BOX = "\\boxed"
BRACE = re.compile(r"[{}]")
TAGS = re.compile(r"</?answer>")
WRAPPING = "*_`\"'“”‘’ \t\r\n"
"""Markdown, quotation marks and blanks that may surround an answer."""


def after_thought(completion: str) -> str | None:
    """What follows the thought, without `<answer>` tags; None when nothing does or the thought is open."""
    _, answer = text.split(completion)
    return TAGS.sub(" ", answer).strip() or None if answer else None


def boxed(answer: str) -> str | None:
    r"""Content of the last balanced `\boxed{…}`; None without one."""
    found = boxes(answer)
    return found[-1] if found else None


def announced(answer: str) -> str | None:
    """The rest of the line after the last phrase that announces an answer; None without one."""
    tail = None
    for match in PHRASE.finditer(answer):
        line = answer[match.end() :].strip().partition("\n")[0].strip()
        tail = line.removeprefix("**").strip() or tail
    return tail


def stated(completion: str) -> str | None:
    """The answer of a completion as stated: boxed, else announced, else all that follows the thought."""
    answer = after_thought(completion)
    if answer is None:
        return None
    found = boxed(answer)
    return found if found is not None else announced(answer) or answer


def bare(answer: str) -> str:
    """An answer without surrounding quotation marks, Markdown and the final period."""
    return answer.rstrip(WRAPPING + ".").lstrip(WRAPPING)


def tagged(completion: str) -> str | None:
    """What the last `<answer>…</answer>` after the thought holds; None without one."""
    _, answer = text.split(completion)
    if (
        not answer
        or (end := answer.rfind("</answer>")) < 0
        or (start := answer.rfind("<answer>", 0, end)) < 0
    ):
        return None
    return answer[start + len("<answer>") : end].strip() or None


def boxes(answer: str) -> list[str]:
    r"""Contents of all balanced `\boxed{…}` that hold no other one, in their order."""
    found, opened = list[str](), list[int]()
    for brace in BRACE.finditer(answer):
        if brace[0] == "{":
            opened.append(brace.start())
        elif opened:
            start = opened.pop()
            if answer.endswith(BOX, 0, start) and BOX not in (inside := answer[start + 1 : brace.start()]):
                found.append(inside.strip())
    return found
