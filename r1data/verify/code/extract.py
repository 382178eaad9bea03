"""Which part of a completion is the program.

    >>> programs("<think>Easy.</think>Here:\n```python\nprint(1)\n```\n")
    Found(blocks=['print(1)\n'], fenced=True)

The complete blocks of Python after the thought are candidates; without one that is marked as Python, those
of any kind; then a last block that was never closed; then the whole answer, if it compiles. Of several, the
program is the last that defines what the tests call, for models like to show a call after it; else the last.
"""

import re
from dataclasses import dataclass

from r1data.verify.answer import after_thought, announced, boxed
from r1data.verify.code.problem import Predicted

FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+#.-]*)[^\n]*$", re.MULTILINE)
PYTHON = ("python", "py", "python3")
MAX_BLOCKS = 16
"""Blocks that are looked at, counted from the end."""


@dataclass(frozen=True)
class Found:
    """What may be the program of a completion."""

    blocks: list[str]
    """In their order; at least one."""
    fenced: bool
    """Whether they stood in fences; if not, the text is a program only if it compiles."""


def programs(completion: str) -> Found | None:
    """The candidates of a completion; None when nothing follows the thought."""
    answer = after_thought(completion.replace("\r\n", "\n"))
    if answer is None:
        return None
    blocks = _blocks(answer)
    chosen = [code for language, code in blocks if language in PYTHON] or [code for _, code in blocks]
    return Found(chosen[-MAX_BLOCKS:], fenced=True) if chosen else Found([answer], fenced=False)


def chosen(blocks: list[str], names: set[str]) -> str:
    """The program among the candidates: the last that defines one of the names, else the last."""
    if len(blocks) > 1 and names:
        words = "|".join(map(re.escape, sorted(names)))
        defines = re.compile(
            rf"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+(?:{words})\b|^(?:{words})[ \t]*=", re.M
        )
        for block in reversed(blocks):
            if defines.search(block):
                return block
    return blocks[-1]


def predicted(text: str, case: Predicted, *, fenced: bool) -> str:
    """The expression of a value or call that a completion tells, without the assert that it may repeat."""
    told = text if fenced else (boxed(text) or announced(text) or text).strip("` \n")
    told = told.strip().removeprefix("assert ")
    if case.backward:
        without = told.removesuffix(case.wanted).rstrip()
        return without.removesuffix("==") if without.endswith("==") else told
    return told.removeprefix(f"{case.name}({case.given})").lstrip().removeprefix("==")


def _blocks(answer: str) -> list[tuple[str, str]]:
    """Language and text of every block that is not empty; one that was never closed only if it is alone."""
    blocks, opened = [], None
    for mark in FENCE.finditer(answer):
        if opened is None:
            opened = mark
        elif mark[1][0] == opened[1][0] and len(mark[1]) >= len(opened[1]) and not mark[2]:
            code = answer[opened.end() + 1 : mark.start()]
            if code.strip():
                blocks.append((opened[2].lower(), code))
            opened = None
    rest = answer[opened.end() + 1 :] if opened and not blocks else ""
    return [*blocks, *([(opened[2].lower(), rest)] if opened and rest.strip() else [])]
