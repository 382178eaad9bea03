"""Families whose solution a program writes out step by step, for a teacher that is a program.

    >>> solve("What is 47 + 38?").thought()
    '47 + 38\\nones: 7 + 8 = 15, write 5 carry 1\\ntens: 4 + 3 + 1 = 8\\nso 85'
    >>> solve("What is 47 + 38?").answer()
    '85'

A recipe has them only if it names them in `families`: no few-shots of the embedded teacher go with them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

SLIPS = (-2, -1, 1, 2)
"""How far a slip is off."""


class Solution(Protocol):
    """A solved prompt; `slip` is added to the first step, whose result the other steps go on with."""

    def thought(self, slip: int = 0) -> str:
        """The steps, one a line."""

    def answer(self, slip: int = 0) -> str:
        """What the steps end in; with a slip it is wrong."""


@dataclass(frozen=True)
class Sum:
    """Two numbers with two digits each, added by digits."""

    a: int
    b: int

    def thought(self, slip: int = 0) -> str:
        """Ones, tens, sum."""
        ones = self._ones(slip)
        carry, tens = ones // 10, self._tens(slip)
        return (
            f"{self.a} + {self.b}\n"
            f"ones: {self.a % 10} + {self.b % 10} = {ones}, write {ones % 10} carry {carry}\n"
            f"tens: {self.a // 10} + {self.b // 10} + {carry} = {tens}\n"
            f"so {self.answer(slip)}"
        )

    def answer(self, slip: int = 0) -> str:
        """The sum."""
        return f"{self._tens(slip)}{self._ones(slip) % 10}"

    def _ones(self, slip: int) -> int:
        # No digits add up to less than nothing; there the slip goes the other way.
        ones = self.a % 10 + self.b % 10
        return ones + slip if ones + slip >= 0 else ones - slip

    def _tens(self, slip: int) -> int:
        return self.a // 10 + self.b // 10 + self._ones(slip) // 10


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
