"""Numba kernels: tokens of many texts, and which items of an index a text may hold, and where.

An item is looked for by runs of three words. Runs that lie on about the same diagonal count together, so a
text of a million words costs what its words cost. What many items share is not looked up.
"""

import numpy as np
from numba import njit

from r1data.curate.decontaminate.compose import compose
from r1data.curate.decontaminate.tokens import SEED, fold, scan
from r1data.curate.decontaminate.words import SIGN
from r1data.curate.dedup.primitives import ONE, ZERO, mixed, slot

GRAM = 3
"""Words of a run that is looked up."""
LEAST_RUNS = 2
LEAST_SHARE = 0.08
"""Share of an item's runs that a candidate has."""
SLACK_WORDS, SLACK_SHARE = 8, 0.25
"""How far runs of one item may shift against each other: words, and share of the item's words."""
WORDS_ALONE, WORDS_PER_NUMBER = 0.95, 0.15
"""The fewer numbers an item has to tell it by, the more of its words must be there: this share without a
number, and so much less for each.
"""
MOST_FOUND = 4
"""Items per text that are looked at closely."""
MOST_CELLS = 20_000_000
"""Words of an item times those of a text that `align` takes, about 0.2 s; what is longer is chained."""
FIELDS = 7
# Columns of what `find` writes.
ROW, ITEM, BEGIN, END, RUN_BEGIN, RUN_WORDS, N_NUMBERS = range(FIELDS)


@njit(nogil=True, cache=True)
def tokenise(
    address: np.uint64, n_bytes: int, written: np.ndarray, kinds: np.ndarray, words: tuple
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Hashes, flags, spans (begin and end in characters of the text) and numbers of the tokens of a text."""
    room = 2 * n_bytes + 8
    codes, places = np.empty(room, np.int32), np.empty(room, np.int32)
    n = fold(address, n_bytes, written, codes, places)
    out = (
        np.empty(n + 3, np.uint64),
        np.empty(n + 3, np.int64),
        np.empty((n + 3, 2), np.int32),
        np.empty((n + 3, 2), np.int64),
    )
    hashes, flags, spans, numbers = out
    count = compose(hashes, flags, spans, numbers, scan(codes, n, kinds, words, out))
    for at in range(count):
        spans[at, 0], spans[at, 1] = places[spans[at, 0]], places[spans[at, 1] - 1] + 1
    return hashes[:count], flags[:count], spans[:count], numbers[:count]


@njit(nogil=True, cache=True)
def split_signs(hashes: np.ndarray, flags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places of the tokens that are words or numbers; and, of n of them, the n + 1 sums of the hashes of the
    signs before each: of two such sums, the difference is the signs in between.
    """
    places = np.empty(len(hashes), np.int32)
    sums = np.empty(len(hashes) + 1, np.uint64)
    n, total = 0, ZERO
    for at in range(len(hashes)):
        if flags[at] == SIGN:
            total += mixed(hashes[at] + SEED)
        else:
            places[n], sums[n] = at, total
            n += 1
    sums[n] = total
    return places[:n], sums[: n + 1]


@njit(inline="always")
def _run(hashes: np.ndarray, at: int) -> np.uint64:
    x = ZERO
    for ahead in range(GRAM):
        x = mixed(x + hashes[at + ahead])
    return x | ONE


@njit(nogil=True, cache=True)
def whole_hash(hashes: np.ndarray, signs: np.uint64) -> np.uint64:
    """Hash of all words and numbers of a text in order, and of its signs in any order."""
    x = signs
    for at in range(len(hashes)):
        x = mixed(x + hashes[at])
    return x


@njit(nogil=True, cache=True)
def runs_of(hashes: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Run hash, item and place in the item of all runs of `GRAM` words of items laid end to end."""
    n = len(hashes)
    runs, items, places = np.empty(n, np.uint64), np.empty(n, np.int32), np.empty(n, np.int32)
    count = 0
    for item in range(len(starts) - 1):
        for at in range(starts[item], starts[item + 1] - GRAM + 1):
            runs[count], items[count], places[count] = _run(hashes, at), item, at - starts[item]
            count += 1
    return runs[:count], items[:count], places[:count]


@njit(nogil=True, cache=True)
def lay_out(keys: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """An open-addressing table of distinct keys, and the number of the key in each slot."""
    table, numbers = np.zeros(size, np.uint64), np.zeros(size, np.int32)
    for number in range(len(keys)):
        at = slot(table, keys[number], size)
        table[at], numbers[at] = keys[number], number
    return table, numbers


@njit(nogil=True)
def collect(hashes: np.ndarray, index: tuple, state: tuple, touched: np.ndarray) -> int:
    """Follow every run of a text to the items that have it; returns how many items were touched.

    Args:
        hashes: uint64, words and numbers of the text.
        index: of `index.Index.arrays`.
        state: per item, zeros before the first call and after `clear`: runs on the open diagonal, its least
            and greatest shift, and the same of the best one.
        touched: written: items.
    """
    table, numbers, limits, items, places, starts = index[:6]
    open_, best = state
    count = 0
    for at in range(len(hashes) - GRAM + 1):
        run = _run(hashes, at)
        place = slot(table, run, len(table))
        if table[place] == ZERO:
            continue
        key = numbers[place]
        for posting in range(limits[key], limits[key + 1]):
            item = items[posting]
            shift = at - places[posting]
            slack = SLACK_WORDS + np.int64(SLACK_SHARE * (starts[item + 1] - starts[item]))
            if open_[item, 0] == 0:
                if best[item, 0] == 0:
                    touched[count] = item
                    count += 1
                open_[item, 0], open_[item, 1], open_[item, 2] = 1, shift, shift
            elif shift < open_[item, 2] - slack or shift > open_[item, 1] + slack:
                open_[item, 0], open_[item, 1], open_[item, 2] = 1, shift, shift
            else:
                open_[item, 0] += 1
                open_[item, 1] = min(open_[item, 1], shift)
                open_[item, 2] = max(open_[item, 2], shift)
            if open_[item, 0] > best[item, 0]:
                best[item] = open_[item]
    return count


@njit(nogil=True)
def numbers_follow(
    item: np.ndarray, item_is: np.ndarray, text: np.ndarray, text_is: np.ndarray, begin: int, end: int
) -> bool:
    """Whether all numbers of an item are in text[begin:end], in their order."""
    at = begin
    for place in range(len(item)):
        if item_is[place]:
            while at < end and (not text_is[at] or text[at] != item[place]):
                at += 1
            if at == end:
                return False
            at += 1
    return True


@njit(nogil=True)
def shared_weight(item: np.ndarray, weights: np.ndarray, text: np.ndarray, table: np.ndarray) -> float:
    """Weight of the words of an item that a text has anywhere; never less than that of `align`.

    `table` is scratch: zeros, a power of two in size; it is made zeros again.
    """
    size = 16
    while size < 2 * len(text):
        size *= 2
    for at in range(len(text)):
        table[slot(table, text[at] | ONE, size)] = text[at] | ONE
    total = np.float32(0)
    for at in range(len(item)):
        if table[slot(table, item[at] | ONE, size)] != ZERO:
            total += weights[at]
    table[:size] = ZERO
    return total


@njit(nogil=True)
def align(item: np.ndarray, weights: np.ndarray, text: np.ndarray) -> tuple[float, int, int, int, int]:
    """The heaviest words that item and text have in common, in order.

    Returns:
        Their weight, where they begin and end in the text, and the longest run of words that is the same:
        its begin in the text, and its words.
    """
    n = len(text)
    weight, first = np.zeros(n + 1, np.float32), np.full(n + 1, -1, np.int32)
    last, run = np.zeros(n + 1, np.int32), np.zeros(n + 1, np.int32)
    run_begin = run_words = 0
    for place in range(len(item)):
        word, gain = item[place], weights[place]
        before, before_first, before_run = np.float32(0), np.int32(-1), np.int32(0)  # of the word before
        for at in range(n):
            above, above_first, above_run = weight[at + 1], first[at + 1], run[at + 1]
            left = weight[at]
            run[at + 1] = 0
            if left > above or (left == above and first[at] > above_first):
                weight[at + 1], first[at + 1], last[at + 1] = left, first[at], last[at]
            if word == text[at]:
                run[at + 1] = before_run + 1
                if before_run >= run_words:
                    run_words = before_run + 1
                    run_begin = at + 1 - run_words
                together, begin = before + gain, before_first if before_first >= 0 else at
                shorter = at + 1 - begin < last[at + 1] - first[at + 1]
                if together > weight[at + 1] or (together == weight[at + 1] and shorter):
                    weight[at + 1], first[at + 1], last[at + 1] = together, begin, at + 1
            before, before_first, before_run = above, above_first, above_run
    return weight[n], first[n], last[n], run_begin, run_words


@njit(nogil=True)
def chain(item: np.ndarray, weights: np.ndarray, text: np.ndarray) -> tuple[float, int, int, int, int]:
    """What `align` tells, of long texts: only words of runs of `GRAM` words count that both have, in order.

    The most such runs in order are an increasing sequence of places, so n words cost n log n.
    """
    runs = np.empty(max(0, len(item) - GRAM + 1), np.uint64)
    for place in range(len(runs)):
        runs[place] = _run(item, place)
    order = np.argsort(runs, kind="mergesort")
    ordered = runs[order]
    # Of the text's runs: the place in the item, and the run before in the best chain; by its length, its end.
    places, before = np.empty(len(text), np.int64), np.full(len(text), -1, np.int64)
    ends, n, shift = np.empty(len(text), np.int64), 0, 0
    for at in range(len(text) - GRAM + 1):
        run = _run(text, at)
        place = at - shift
        # What an item repeats stands where the run before led to; else where the item has it first.
        if place < 0 or place >= len(runs) or runs[place] != run:
            near = np.searchsorted(ordered, run)
            if near == len(runs) or ordered[near] != run:
                continue
            place = order[near]
            shift = at - place
        places[at] = place
        low, high = 0, n
        while low < high:
            middle = (low + high) // 2
            if places[ends[middle]] < place:
                low = middle + 1
            else:
                high = middle
        ends[low], n = at, max(n, low + 1)
        if low:
            before[at] = ends[low - 1]
    return _chained(weights, places, before, ends[n - 1] if n else -1)


@njit(nogil=True)
def _chained(
    weights: np.ndarray, places: np.ndarray, before: np.ndarray, end: int
) -> tuple[float, int, int, int, int]:
    """Weight, begin, end, and longest run of a chain, from its last run back to its first."""
    total, first, run_begin, run_words, current = np.float32(0), -1, 0, 0, 0
    at, next_at, next_place = end, end + GRAM, len(weights)
    while at >= 0:
        place = places[at]
        for ahead in range(min(GRAM, next_at - at, next_place - place)):
            total += weights[place + ahead]
        current = current + 1 if next_at == at + 1 and next_place == place + 1 else GRAM
        if current >= run_words:
            run_begin, run_words = at, current
        first, next_at, next_place = at, at, place
        at = before[at]
    return total, first, end + GRAM, run_begin, run_words
