"""Families whose solution a program writes out step by step, for a teacher that is a program.

    >>> solve("What is 47 + 38?").thought()
    '47 + 38\\nones: 7 + 8 = 15, write 5 carry 1\\ntens: 4 + 3 + 1 = 8\\nso 85'
    >>> solve("What is 47 + 38?").answer()
    '85'

A recipe has them only if it names them in `families`: no few-shots of the embedded teacher go with them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Protocol

WORDING = "2"
"""Version of what solutions say, slips included; it goes up when that changes, so that teachers that are
programs are asked anew.
"""


class Solution(Protocol):
    """A solved prompt."""

    def thought(self) -> str:
        """The steps, one a line."""

    def answer(self) -> str:
        """What the steps end in."""

    def slipped(self, draw: Random) -> "Solution":
        """The same with one slip, whose result the later steps go on with; its answer is wrong."""


@dataclass(frozen=True)
class Sum:
    """Two numbers with two digits each, added by digits."""

    a: int
    b: int
    off: int = 0
    """Is added to the sum of the ones."""
    forgets: bool = False
    """Takes a carry where there is none, and none where there is one."""

    def thought(self) -> str:
        """Ones, tens, sum."""
        return (
            f"{self.a} + {self.b}\n"
            f"ones: {self.a % 10} + {self.b % 10} = {self._ones}, write {self._ones % 10} "
            f"carry {self._ones // 10}\n"
            f"tens: {self.a // 10} + {self.b // 10} + {self._carry} = {self._tens}\n"
            f"so {self.answer()}"
        )

    def answer(self) -> str:
        """The sum."""
        return f"{self._tens}{self._ones % 10}"

    def slipped(self, draw: Random) -> "Sum":
        """With the ones up to 2 off, or another carry; both are as likely."""
        if draw.random() < 0.5:
            return replace(self, forgets=True)
        return replace(self, off=draw.choice((-2, -1, 1, 2)))

    @property
    def _ones(self) -> int:
        # No digits add up to less than nothing; there the slip goes the other way.
        ones = self.a % 10 + self.b % 10
        return ones + self.off if ones + self.off >= 0 else ones - self.off

    @property
    def _carry(self) -> int:
        return self._ones // 10 ^ self.forgets

    @property
    def _tens(self) -> int:
        return self.a // 10 + self.b // 10 + self._carry


def add2(draw: Random) -> tuple[str, str]:
    """Sum of two numbers with two digits."""
    a, b = draw.randint(10, 99), draw.randint(10, 99)
    return f"What is {a} + {b}?", str(a + b)


@dataclass(frozen=True)
class Worked:
    """A family: how its prompts are drawn, known and solved."""

    draw: Callable[[Random], tuple[str, str]]
    """Draws a prompt and its reference."""
    asks: re.Pattern[str]
    """Matches a whole prompt; its groups are the numbers."""
    solved: Callable[..., Solution]
    """Takes the numbers."""


WORKED = {"add2": Worked(add2, re.compile(r"What is ([1-9]\d) \+ ([1-9]\d)\?"), Sum)}
"""Families by name. To add one, write a function that draws it and a Solution, and name them here."""


def solve(prompt: str) -> Solution | None:
    """The solution of a prompt of any family; None of other prompts."""
    for family in WORKED.values():
        if found := family.asks.fullmatch(prompt.strip()):
            return family.solved(*map(int, found.groups()))
    return None
