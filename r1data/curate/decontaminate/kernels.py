"""Numba kernel: compare many texts with an index of items."""

import numpy as np
from numba import njit

from r1data.curate.decontaminate.match import (
    BEGIN,
    END,
    ITEM,
    LEAST_RUNS,
    LEAST_SHARE,
    MOST_CELLS,
    MOST_FOUND,
    N_NUMBERS,
    ROW,
    RUN_BEGIN,
    RUN_WORDS,
    SLACK_SHARE,
    SLACK_WORDS,
    WORDS_ALONE,
    WORDS_PER_NUMBER,
    align,
    chain,
    collect,
    numbers_follow,
    shared_weight,
    split_signs,
    tokenise,
    whole_hash,
)
from r1data.curate.decontaminate.words import NUMBER

ROUNDING = 1e-4
"""What sums of 32-bit weights may be off by."""


@njit(nogil=True)
def _likeliest(
    touched: np.ndarray, hashes: np.ndarray, is_number: np.ndarray, index: tuple, best: np.ndarray
) -> np.ndarray:
    """The touched items whose numbers agree with the text, those with most runs first."""
    starts, item_hashes, item_is, n_runs = index[5], index[6], index[7], index[9]
    kept = np.empty(len(touched), np.int64)
    ranks = np.empty(len(touched), np.float64)
    count = 0
    for item in touched:
        runs = best[item, 0]
        if runs < min(LEAST_RUNS, n_runs[item]) or runs < LEAST_SHARE * n_runs[item]:
            continue
        begin, end = window(starts[item + 1] - starts[item], best[item], len(hashes))
        own = slice(starts[item], starts[item + 1])
        if numbers_follow(item_hashes[own], item_is[own], hashes, is_number, begin, end):
            kept[count] = item
            ranks[count] = -runs / n_runs[item]
            count += 1
    order = np.argsort(ranks[:count], kind="mergesort")
    return kept[:count][order][:MOST_FOUND]


@njit(nogil=True)
def needed(is_number: np.ndarray, least_cover: float, ngram_words: int) -> float:
    """Share of an item's weight that a text must have; all of it, if the item is short."""
    if len(is_number) < ngram_words:
        return 1 - ROUNDING
    return max(least_cover, WORDS_ALONE - WORDS_PER_NUMBER * is_number.sum())


@njit(nogil=True)
def window(n_words: int, shifts: np.ndarray, n: int) -> tuple[int, int]:
    """Where in a text of n words an item may lie."""
    slack = SLACK_WORDS + np.int64(SLACK_SHARE * n_words)
    return max(0, shifts[1] - slack), min(n, shifts[2] + n_words + slack)


@njit(nogil=True)
def _write(
    item: int,
    hashes: np.ndarray,
    is_number: np.ndarray,
    begin: int,
    end: int,
    index: tuple,
    leasts: tuple,
    table: np.ndarray,
    found: np.ndarray,
) -> bool:
    """Align an item with the words `begin` to `end` of a text; what they share is written if it is enough."""
    starts, item_hashes, item_is, weights = index[5], index[6], index[7], index[8]
    own = slice(starts[item], starts[item + 1])
    own_hashes, own_is, own_weights = item_hashes[own], item_is[own], weights[own]
    least = needed(own_is, *leasts) * own_weights.sum()
    text = hashes[begin:end]
    if shared_weight(own_hashes, own_weights, text, table) < least:
        return False
    if len(own_hashes) * len(text) > MOST_CELLS:
        weight, left, right, run, run_words = chain(own_hashes, own_weights, text)
    else:
        weight, left, right, run, run_words = align(own_hashes, own_weights, text)
    left, right = begin + left, begin + right
    if weight <= 0 or weight < least:
        return False
    # The heaviest words need not hold all numbers, though the window does.
    if not numbers_follow(own_hashes, own_is, hashes, is_number, left, right):
        return False
    found[ITEM], found[BEGIN], found[END] = item, left, right
    found[RUN_BEGIN], found[RUN_WORDS] = begin + run, run_words
    found[N_NUMBERS] = is_number[left:right].sum()
    return True


@njit(nogil=True, cache=True)
def find(
    addresses: np.ndarray,
    lengths: np.ndarray,
    first: int,
    last: int,
    characters: tuple,
    words: tuple,
    index: tuple,
    least_cover: float,
    ngram_words: int,
    wholes: np.ndarray,
    found: np.ndarray,
) -> int:
    """Compare the texts `first` … `last` with an index.

    Args:
        addresses, lengths: of `memory.addresses`.
        first, last: rows, the last one excluded.
        characters, words: of `fold.tables` and `words.table`.
        index: of `index.Index.arrays`.
        least_cover: least share of an item's weight that a text has in common with it.
        ngram_words: an item of fewer words must be there whole.
        wholes: uint64 [n], written: `whole_hash` of each text.
        found: float64 [room, FIELDS], written: places are numbers of words.

    Returns:
        How many rows of `found` were written.
    """
    starts = index[5]
    n_items = len(starts) - 1
    state = (np.zeros((n_items, 3), np.int64), np.zeros((n_items, 3), np.int64))
    touched = np.empty(n_items, np.int64)
    table = np.zeros(64, np.uint64)
    leasts, count = (least_cover, ngram_words), 0
    for row in range(first, last):
        all_hashes, flags, _, _ = tokenise(addresses[row], max(lengths[row], 0), *characters, words)
        places, signs = split_signs(all_hashes, flags)
        while len(table) < 2 * len(places):
            table = np.zeros(2 * len(table), np.uint64)
        hashes, is_number = all_hashes[places], flags[places] == NUMBER
        wholes[row] = whole_hash(hashes, signs[-1])
        mine = touched[: collect(hashes, index, state, touched)]
        for item in _likeliest(mine, hashes, is_number, index, state[1]):
            begin, end = window(starts[item + 1] - starts[item], state[1][item], len(hashes))
            if _write(item, hashes, is_number, begin, end, index, leasts, table, found[count]):
                found[count, ROW] = row
                count += 1
        for item in mine:
            state[0][item], state[1][item] = 0, 0
    return count
