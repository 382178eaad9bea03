"""Numba kernels of near-duplicate removal: text in memory -> words -> shingles -> MinHash, and exact Jaccard.

Texts are given as addresses and lengths in bytes (`memory.addresses`) and are read where they lie; each is
copied once into a padded buffer, so that 64 bytes can be looked at together.

A shingle is `n_words` words in a row; a shorter text is one shingle of all of its words.
"""

import numpy as np
from numba import njit

from r1data.curate.dedup.primitives import ONE, U64, ZERO, copy, mixed, mixed32, slot
from r1data.curate.dedup.words import split_words

PADDING = 192  # bytes of blanks behind a text
USUAL_WORDS = 5
ROLL = U64(0x9E3779B97F4A7C15)
"""SplitMix64's odd constant."""
TURN = U64(13)


@njit(inline="always")
def _rolled(words: np.ndarray, at: int, n_words: int) -> np.uint64:
    x = words[at]
    for ahead in range(1, n_words):
        x = ((x << TURN) | (x >> (U64(64) - TURN))) ^ words[at + ahead]
    return x


@njit(inline="always")
def _shingles(words: np.ndarray, count: int, n_words: int, shingles: np.ndarray) -> int:
    """Hashes of the shingles of a text in their order, repeats among them; returns how many.

    The hash is the words' hashes, each turned by its place and combined by exclusive or, and then mixed.
    """
    if count == 0:
        return 0
    if count < n_words:
        x = ZERO
        for at in range(count):
            x = (x + words[at]) * ROLL
        shingles[0] = mixed(x)
        return 1
    n = count - n_words + 1
    if n_words == USUAL_WORDS:  # a constant, which the compiler unrolls
        for at in range(n):
            shingles[at] = mixed(_rolled(words, at, USUAL_WORDS))
    else:
        for at in range(n):
            shingles[at] = mixed(_rolled(words, at, n_words))
    return n


@njit(inline="always")
def _read(
    address: np.uint64,
    n_bytes: int,
    n_words: int,
    ignored: np.ndarray,
    buffer: np.ndarray,
    words: np.ndarray,
    shingles: np.ndarray,
) -> int:
    """Shingles of a text anywhere in memory, but for the ignored ones; returns how many."""
    padded = U64(buffer.ctypes.data)
    copy(padded, address, n_bytes)
    buffer[n_bytes : n_bytes + PADDING] = 0x20
    n = _shingles(words, split_words(padded, n_bytes, words), n_words, shingles)
    if len(ignored) == 0:
        return n
    kept = 0
    for at in range(n):
        if ignored[slot(ignored, shingles[at] | ONE, len(ignored))] == ZERO:
            shingles[kept] = shingles[at]
            kept += 1
    return kept


@njit(inline="always")
def _minima(hashes: np.ndarray, n: int, factors: np.ndarray, offsets: np.ndarray, minima: np.ndarray) -> None:
    """Fold n 32-bit hashes into the minima of `factor * hash + offset` modulo 2^32, eight at a time."""
    at = 0
    while at + 8 <= n:
        h0, h1, h2, h3 = hashes[at], hashes[at + 1], hashes[at + 2], hashes[at + 3]
        h4, h5, h6, h7 = hashes[at + 4], hashes[at + 5], hashes[at + 6], hashes[at + 7]
        for p in range(len(factors)):
            a, b = factors[p], offsets[p]
            left = min(
                min(np.uint32(a * h0 + b), np.uint32(a * h1 + b)),
                min(np.uint32(a * h2 + b), np.uint32(a * h3 + b)),
            )
            right = min(
                min(np.uint32(a * h4 + b), np.uint32(a * h5 + b)),
                min(np.uint32(a * h6 + b), np.uint32(a * h7 + b)),
            )
            minima[p] = min(minima[p], min(left, right))
        at += 8
    while at < n:
        for p in range(len(factors)):
            minima[p] = min(minima[p], np.uint32(factors[p] * hashes[at] + offsets[p]))
        at += 1


@njit(nogil=True, cache=True)
def sign(
    addresses: np.ndarray,
    lengths: np.ndarray,
    n_words: int,
    ignored: np.ndarray,
    first: int,
    last: int,
    factors: np.ndarray,
    offsets: np.ndarray,
    signatures: np.ndarray,
    n_shingles: np.ndarray,
) -> None:
    """Signatures of the texts `first` … `last`.

    Args:
        addresses, lengths: uint64 [n], int64 [n], as `memory.addresses` gives them.
        n_words: words of a shingle.
        ignored: uint64 [m], a table of `row_kernels.hash_set`: shingles that count for nothing; or empty.
        first, last: rows to sign, the last one excluded.
        factors, offsets: uint32 [p], the permutations.
        signatures: uint32 [n, p], written.
        n_shingles: int64 [n], written: shingles of each text, repeats among them.
    """
    room = lengths[first:last].max() + PADDING
    buffer = np.empty(room, np.uint8)
    words, shingles = np.empty(room, np.uint64), np.empty(room, np.uint64)
    low = np.empty(room, np.uint32)
    minima = np.empty(len(factors), np.uint32)
    for row in range(first, last):
        n = _read(addresses[row], lengths[row], n_words, ignored, buffer, words, shingles)
        n_shingles[row] = n
        for at in range(n):
            low[at] = mixed32(np.uint32(shingles[at]))
        minima[:] = np.uint32(0xFFFFFFFF)
        _minima(low, n, factors, offsets, minima)
        signatures[row] = minima


@njit(nogil=True, cache=True)
def shingles_of(
    addresses: np.ndarray, lengths: np.ndarray, n_words: int, ignored: np.ndarray, row: int
) -> np.ndarray:
    """Hashes of the shingles of one text in their order, repeats among them: uint64 [n]."""
    room = lengths[row] + PADDING
    words, shingles = np.empty(room, np.uint64), np.empty(room, np.uint64)
    n = _read(addresses[row], lengths[row], n_words, ignored, np.empty(room, np.uint8), words, shingles)
    return shingles[:n].copy()


@njit(nogil=True, cache=True)
def jaccards(
    addresses: np.ndarray,
    lengths: np.ndarray,
    n_words: int,
    ignored: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    first: int,
    last: int,
    found: np.ndarray,
) -> None:
    """Exact Jaccard similarity of the sets of shingles of pairs of texts; of two empty ones it is 1.

    Args:
        addresses, lengths, n_words, ignored: as for `sign`.
        left, right: int64 [n], rows; sorted by `left`, whose table of shingles is made once.
        first, last: pairs, the last one excluded.
        found: float64 [n], written.
    """
    room = max(lengths[left[first:last]].max(), lengths[right[first:last]].max()) + PADDING
    buffer = np.empty(room, np.uint8)
    words, shingles = np.empty(room, np.uint64), np.empty(room, np.uint64)
    size = 64
    while size < 2 * room:
        size *= 2
    table, seen = np.zeros(size, np.uint64), np.zeros(size, np.int64)
    size, n_left, of = 0, 0, -1
    for pair in range(first, last):
        if left[pair] != of:
            of = left[pair]
            n = _read(addresses[of], lengths[of], n_words, ignored, buffer, words, shingles)
            size = 64
            while size < 2 * n:
                size *= 2
            table[:size], seen[:size] = ZERO, -1
            n_left = 0
            for at in range(n):
                place = slot(table, shingles[at] | ONE, size)
                n_left += table[place] == ZERO
                table[place] = shingles[at] | ONE
        row = right[pair]
        n = _read(addresses[row], lengths[row], n_words, ignored, buffer, words, shingles)
        n_shared = n_others = 0
        for at in range(n):
            place = slot(table, shingles[at] | ONE, size)
            if table[place] == ZERO:
                shingles[n_others] = shingles[at] | ONE
                n_others += 1
            elif seen[place] != pair:
                seen[place] = pair
                n_shared += 1
        together = n_left + _n_distinct(shingles[:n_others])
        found[pair] = n_shared / together if together else 1.0


@njit(inline="always")
def _n_distinct(hashes: np.ndarray) -> int:
    if len(hashes) == 0:
        return 0
    ordered = np.sort(hashes)
    n = 1
    for at in range(1, len(ordered)):
        n += ordered[at] != ordered[at - 1]
    return n
