"""Numba kernels of readability: code points -> tokens -> repeated runs, loops, runs shared with the prompt.

A token is a word, or one sign. Everything takes time and memory linear in the text.
"""

import numpy as np
from numba import njit

from r1data.curate.readability.characters import ALONE, BLANK, DIGIT, LETTER, SYMBOL

U64 = np.uint64
SEED, PRIME = U64(0x9E3779B97F4A7C15), U64(0x100000001B3)
MIX_1, MIX_2 = U64(0xFF51AFD7ED558CCD), U64(0xC4CEB9FE1A85EC53)
LONGEST_NUMBER = 15
"""Digits of the longest number whose value is compared; a longer one is a word."""
LOOK_BACK = 64
"""Tokens that a stretch is followed back from the run that gave it away; bounded, for linear time."""


@njit(cache=True)
def _mixed(x: np.uint64) -> np.uint64:
    x = (x ^ (x >> U64(33))) * MIX_1
    x = (x ^ (x >> U64(33))) * MIX_2
    return x ^ (x >> U64(33))


@njit(cache=True, nogil=True)
def looked_up(codes: np.ndarray, kinds: np.ndarray, lower: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Kinds and lower case of code points."""
    found, folded = np.empty(len(codes), np.uint8), np.empty(len(codes), np.uint32)
    for at in range(len(codes)):
        found[at], folded[at] = kinds[codes[at]], lower[codes[at]]
    return found, folded


@njit(cache=True, nogil=True)
def tokens(
    codes: np.ndarray, kinds: np.ndarray, lower: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Tokens of a text: first and last place (int32, the last one excluded), hash (uint64, without case),
    kind (SYMBOL, LETTER or DIGIT: a number) and value (int64; -1 but of numbers).
    """
    n = len(codes)
    starts, ends = np.empty(n, np.int32), np.empty(n, np.int32)
    hashes, found, values = np.empty(n, np.uint64), np.empty(n, np.uint8), np.empty(n, np.int64)
    count, at = 0, 0
    while at < n:
        kind = kinds[codes[at]]
        if kind == BLANK:
            at += 1
            continue
        start, hash_, value, numeric = at, SEED, 0, kind == DIGIT
        if kind in (SYMBOL, ALONE):
            hash_ = (hash_ ^ U64(lower[codes[at]])) * PRIME
            at += 1
        else:
            while at < n and (kinds[codes[at]] == LETTER or kinds[codes[at]] == DIGIT):
                code = codes[at]
                hash_ = (hash_ ^ U64(lower[code])) * PRIME
                numeric = numeric and code >= 48 and code <= 57 and at - start < LONGEST_NUMBER
                if numeric:
                    value = value * 10 + np.int64(code) - 48
                at += 1
        starts[count], ends[count], hashes[count] = start, at, _mixed(hash_)
        found[count] = SYMBOL if kind == SYMBOL else (DIGIT if numeric else LETTER)
        values[count] = value if numeric else -1
        count += 1
    return (
        starts[:count].copy(),
        ends[:count].copy(),
        hashes[:count].copy(),
        found[:count].copy(),
        values[:count].copy(),
    )


@njit(cache=True, nogil=True)
def runs_of(words: np.ndarray, n_words: int) -> np.ndarray:
    """Hashes of the runs of `n_words` words: uint64 [max(0, n - n_words + 1)]; never 0."""
    n = max(0, len(words) - n_words + 1)
    runs = np.empty(n, np.uint64)
    for at in range(n):
        x = SEED
        for ahead in range(n_words):
            x = _mixed(x ^ words[at + ahead]) + U64(ahead)
        runs[at] = x | U64(1)
    return runs


@njit(cache=True)
def _table(n: int) -> np.ndarray:
    size = 16
    while size < 2 * n:
        size *= 2
    return np.zeros(size, np.uint64)


@njit(cache=True)
def _slot(table: np.ndarray, hash_: np.uint64) -> np.uint64:
    mask = U64(len(table) - 1)
    place = (hash_ >> U64(1)) & mask
    while table[place] != U64(0) and table[place] != hash_:
        place = (place + U64(1)) & mask
    return place


@njit(cache=True, nogil=True)
def repeated(runs: np.ndarray, numbers: np.ndarray, n_words: int) -> tuple[int, int]:
    """How many runs occurred before, and where the commonest one stands first; -1 where none did.

    A run of numbers alone does not count: grids and tables repeat them.
    """
    table = _table(len(runs))
    times, first = np.zeros(len(table), np.int32), np.zeros(len(table), np.int32)
    count, most, place, open_ = 0, 1, -1, 0
    for at in range(n_words - 1 if len(runs) else 0):
        open_ = open_ + 1 if numbers[at] else 0
    for at in range(len(runs)):
        open_ = open_ + 1 if numbers[at + n_words - 1] else 0
        if open_ >= n_words:
            continue
        here = _slot(table, runs[at])
        if table[here] == U64(0):
            table[here], first[here] = runs[at], at
        else:
            count += 1
        times[here] += 1
        if times[here] > most:
            most, place = times[here], first[here]
    return count, place


@njit(cache=True, nogil=True)
def shared(runs: np.ndarray, others: np.ndarray) -> tuple[int, int, int]:
    """How many runs are among others, and the longest stretch of such ones: its first place and length."""
    table = _table(len(others))
    for at in range(len(others)):
        table[_slot(table, others[at])] = others[at]
    count, open_, best, length = 0, 0, 0, 0
    for at in range(len(runs)):
        if table[_slot(table, runs[at])] != U64(0):
            count += 1
            open_ += 1
            if open_ > length:
                best, length = at - open_ + 1, open_
        else:
            open_ = 0
    return count, best, length


@njit(cache=True, nogil=True)
def suffix_loop(items: np.ndarray, least_rounds: int) -> tuple[int, int]:
    """The longest suffix that is one unit repeated, `least_rounds` times or more; the first round may be cut.

    By the Z-function of the reversed text (Gusfield 1997): behind its first p items it goes on as it began
    for z[p] items, so it has period p for p + z[p] items.

    Returns:
        length of the suffix and of its unit, in items; 0, 0 without one.
    """
    n = len(items)
    z = np.zeros(n, np.int32)
    left = right = best = unit = 0
    for at in range(1, n):
        reach = min(right - at, z[at - left]) if at < right else 0
        while at + reach < n and items[n - 1 - reach] == items[n - 1 - at - reach]:
            reach += 1
        z[at] = reach
        if at + reach > right:
            left, right = at, at + reach
        if at + reach >= least_rounds * at and at + reach > best:
            best, unit = at + reach, at
    return best, unit


@njit(cache=True, nogil=True)
def counted_suffix(values: np.ndarray, length: int, unit: int) -> int:
    """Length of the suffix, `length` at most and of period `unit` but for its numbers, in which every number
    stays from round to round or moves by one step that is the same for all, as counters do.

    Args:
        values: int64 [n], of tokens; -1 where a token is no number.
    """
    n, step = len(values), 0
    for back in range(length - unit):
        at = n - 1 - back
        if values[at] < 0:
            continue
        moved = values[at] - values[at - unit]
        if step == 0:
            step = moved
        changed = back >= unit and moved != values[at + unit] - values[at]
        if changed or (moved != 0 and moved != step):
            return back + unit
    return length


@njit(cache=True, nogil=True)
def inner_loop(
    hashes: np.ndarray,
    kinds: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    n_words: int,
    least_rounds: int,
) -> tuple[int, int, int]:
    """The longest stretch (in characters) of tokens that is one unit repeated, `least_rounds` times or more.

    A unit holds a letter and `n_words` tokens in all its rounds. Where a stretch breaks off, the next period
    is how far back the last `n_words` tokens stood before; what is found is compared token by token.

    Returns:
        first and last token (the last one excluded), and tokens of the unit; 0, 0, 0 without one.
    """
    runs = runs_of(hashes, n_words)
    table = _table(len(runs))
    last = np.zeros(len(table), np.int32)
    letters = np.zeros(len(kinds) + 1, np.int32)
    for at in range(len(kinds)):
        letters[at + 1] = letters[at] + (kinds[at] == LETTER)
    period, begin, best, found = 0, 0, 0, (0, 0, 0)
    for at in range(n_words - 1, len(hashes)):
        run = at - n_words + 1
        here = _slot(table, runs[run])
        before = last[here] if table[here] != U64(0) else -1
        table[here], last[here] = runs[run], run
        if period == 0 or hashes[at] != hashes[at - period]:
            period = run - before if before >= 0 else 0
            begin = max(0, run - period)
            floor = max(0, begin - LOOK_BACK)
            while period and begin > floor and hashes[begin - 1] == hashes[begin - 1 + period]:
                begin -= 1
        if period == 0 or at + 1 - begin < least_rounds * period:
            continue
        if ends[at] - starts[begin] > best and letters[at + 1] > letters[at + 1 - period]:
            best, found = ends[at] - starts[begin], (begin, at + 1, period)
    return found
