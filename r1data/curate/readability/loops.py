"""Loops: one unit of text again and again, at an end, anywhere, or with nothing but counters moving.

What no rule here finds: a loop whose wording changes from round to round.
"""

from dataclasses import dataclass

import numpy as np

from r1data.curate.readability.characters import LETTER

ROUNDS = 4
"""Rounds that make a loop."""
RUN_TOKENS = 4
"""Tokens that tell how far back a stretch stood before."""
PLAIN_CHARS = 1000
"""A loop of digits and signs alone counts from here on: grids, rules of tables and decimals are shorter."""
COUNTED_ROUNDS, COUNTED_WORDS = 6, 5
"""Rounds, and words of the unit that are no numbers, of a loop in which counters move."""


@dataclass(frozen=True)
class Tokens:
    """Words and signs of a text; see `kernels.tokens`."""

    starts: np.ndarray
    ends: np.ndarray
    hashes: np.ndarray
    kinds: np.ndarray
    values: np.ndarray

    def part(self, first: int, last: int) -> "Tokens":
        """The tokens between two characters."""
        here = slice(*np.searchsorted(self.starts, [first, last]))
        return Tokens(
            self.starts[here], self.ends[here], self.hashes[here], self.kinds[here], self.values[here]
        )


@dataclass(frozen=True)
class Loop:
    """Where a loop is, in characters."""

    offset: int = 0
    length: int = 0


def at_end(codes: np.ndarray, kinds: np.ndarray, tokens: Tokens, last: int) -> Loop:
    """The loop that a text ends with, the longest of both kinds: exact, by character and without case, and
    counted, by tokens, in which numbers stay or move by one step.

    Args:
        codes: uint32 [n], the text in lower case, blanks aside at its end.
        kinds: uint8 [n], of its characters.
        tokens: of the text.
        last: characters of the text that count.
    """
    from r1data.curate.readability import kernels

    length, unit = kernels.suffix_loop(codes[:last], ROUNDS)
    lettered = (kinds[last - unit : last] >= LETTER) & ~_digits(codes[last - unit : last])
    exact = Loop(last - length, length) if length > PLAIN_CHARS or lettered.any() else Loop()
    counted = _counted(tokens.part(0, last))
    return max(exact, counted, key=lambda loop: loop.length)


def anywhere(tokens: Tokens) -> Loop:
    """The longest loop of tokens in a text whose unit holds a word."""
    from r1data.curate.readability import kernels

    first, last, _ = kernels.inner_loop(
        tokens.hashes, tokens.kinds, tokens.starts, tokens.ends, RUN_TOKENS, ROUNDS
    )
    return (
        Loop(int(tokens.starts[first]), int(tokens.ends[last - 1] - tokens.starts[first])) if last else Loop()
    )


def _counted(tokens: Tokens) -> Loop:
    from r1data.curate.readability import kernels

    numbers = tokens.values >= 0
    if not numbers.any():
        return Loop()
    length, unit = kernels.suffix_loop(np.where(numbers, np.uint64(0), tokens.hashes), COUNTED_ROUNDS)
    words = (tokens.kinds[len(tokens.kinds) - unit :] == LETTER).sum()
    if words < COUNTED_WORDS:
        return Loop()
    length = kernels.counted_suffix(tokens.values, length, unit)
    if length < COUNTED_ROUNDS * unit:
        return Loop()
    start = int(tokens.starts[len(tokens.starts) - length])
    return Loop(start, int(tokens.ends[-1]) - start)


def _digits(codes: np.ndarray) -> np.ndarray:
    return (codes >= ord("0")) & (codes <= ord("9"))
