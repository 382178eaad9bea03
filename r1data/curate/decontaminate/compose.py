"""Numba kernels: numbers of number words, and signs that are punctuation.

As for `tokens`, Numba's cache does not notice edits here: after one, `make clean`.
"""

import numpy as np
from numba import njit

from r1data.curate.decontaminate.tokens import number_hash
from r1data.curate.decontaminate.words import AND, HUNDRED, NUMBER, SCALE, SIGN, TENS, UNIT, WORD


@njit
def _is_hundreds(flags: np.ndarray, at: int, count: int) -> bool:
    """Whether a number below 100 at token `at` is followed by `hundred`: `one hundred and two hundred`."""
    while at < count and UNIT <= flags[at] <= TENS:
        at += 1
    return at < count and flags[at] == HUNDRED


@njit
def _phrase(
    flags: np.ndarray, spans: np.ndarray, numbers: np.ndarray, at: int, count: int
) -> tuple[int, int]:
    """The longest number in words that begins at token `at`: where it ends, and its value."""
    total, current, scale = np.int64(0), np.int64(-1), np.int64(10) ** 18
    end = at
    while end < count and (end == at or spans[end, 0] - spans[end - 1, 1] <= 2):
        flag, value = flags[end], numbers[end, 0]
        small = current % 100 if current >= 0 else 0
        opens = current < 0 or (small == 0 and current > 0)
        completes = flag == UNIT and small >= 20 and small % 10 == 0
        if UNIT <= flag <= TENS and (opens or completes):
            current = max(current, 0) + value
        elif flag == HUNDRED and current < 100:
            current = 100 * max(current, 1)
        elif flag == SCALE and value < scale and (current >= 0 or end == at):
            total += max(current, 1) * value
            current, scale = -1, value
        elif (
            flag == AND
            and end > at
            and end + 1 < count
            and UNIT <= flags[end + 1] <= TENS
            and ((current >= 100 and small == 0) or (current < 0 and total > 0))
            and not _is_hundreds(flags, end + 1, count)
        ):
            pass
        else:
            break
        end += 1
    return end, total + max(current, 0)


@njit
def compose(hashes: np.ndarray, flags: np.ndarray, spans: np.ndarray, numbers: np.ndarray, count: int) -> int:
    """Make numbers of number words, and drop signs that are punctuation, in place; returns how many stay."""
    kept = at = 0
    while at < count:
        flag = flags[at]
        end = at + 1
        if UNIT <= flag <= SCALE:
            end, value = _phrase(flags, spans, numbers, at, count)
            hashes[kept], flags[kept] = number_hash(value, 0), NUMBER
            spans[kept, 0], spans[kept, 1] = spans[at, 0], spans[end - 1, 1]
            numbers[kept, 0], numbers[kept, 1] = value, 0
            kept += 1
        elif flag == NUMBER and numbers[at, 1] >= 0:
            mantissa, decimals = numbers[at, 0], numbers[at, 1]
            while end < count and mantissa < 10**9 and spans[end, 0] - spans[end - 1, 1] <= 2:
                if flags[end] == SCALE:
                    mantissa *= numbers[end, 0]
                elif flags[end] == HUNDRED:
                    mantissa *= 100
                else:
                    break
                end += 1
            hashes[kept], flags[kept] = number_hash(mantissa, decimals), NUMBER
            spans[kept, 0], spans[kept, 1] = spans[at, 0], spans[end - 1, 1]
            numbers[kept, 0], numbers[kept, 1] = mantissa, decimals
            kept += 1
        elif flag != SIGN or _is_sum(hashes, flags, spans, at, count):
            hashes[kept], flags[kept] = hashes[at], WORD if flag == AND else flag
            spans[kept, 0], spans[kept, 1] = spans[at, 0], spans[at, 1]
            numbers[kept, 0], numbers[kept, 1] = numbers[at, 0], numbers[at, 1]
            kept += 1
        at = end
    return kept


@njit
def _is_sum(hashes: np.ndarray, flags: np.ndarray, spans: np.ndarray, at: int, count: int) -> bool:
    """Whether a sign belongs to a formula: it is neither doubled nor beside a word of several letters."""
    if at + 1 == count:
        return False
    for beside in (at - 1, at + 1):
        if beside < 0:
            continue
        if (
            flags[beside] == SIGN
            and hashes[beside] == hashes[at]
            and spans[beside, 1] - spans[beside, 0] == 1
        ):
            return False
        if flags[beside] == WORD and spans[beside, 1] - spans[beside, 0] > 1:
            return False
    return True
