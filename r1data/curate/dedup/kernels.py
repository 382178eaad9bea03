"""Numba kernels of near-duplicate removal: text in memory -> words -> shingles -> MinHash, and exact Jaccard.

Texts are given as addresses and lengths in bytes (`memory.addresses`) and are read where they lie.

A shingle is `n_words` words in a row; a shorter text is one shingle of all of its words.
"""

import numpy as np
from numba import njit

from r1data.curate.dedup.primitives import LANES, ONE, U64, ZERO, copy, minima, mixed32, slot, wide
from r1data.curate.dedup.words import split_words

PADDING = 96
"""Bytes behind a text that may be looked at, though they count for nothing."""
PAGE = 4096
USUAL_WORDS = 5
ROLL = np.uint32(0x9E3779B1)
"""xxHash's odd constant."""
TURN, BACK = np.uint32(13), np.uint32(19)


@njit(inline="always")
def _rolled(words: np.ndarray, at: int, n_words: int, step: int) -> np.uint32:
    x = words[at]
    for ahead in range(1, n_words):
        x = np.uint32(np.uint32(x << TURN) | np.uint32(x >> BACK)) ^ words[at + ahead * step]
    return x


@njit(inline="always")
def _shingles(words: np.ndarray, count: int, n_words: int, step: int, shingles: np.ndarray) -> int:
    """Hashes of the shingles of a text in their order, repeats among them; returns how many.

    The hash is the words' hashes, each turned by its place and combined by exclusive or. The two halves of 64
    bits are combined apart, so the lower ones follow from the lower ones.

    Args:
        words: uint32 [step * n], hashes of `count` words, lower half first if they have two.
        step: halves of a hash, 1 or 2.
        shingles: uint32 [step * n], written.
    """
    if count == 0:
        return 0
    if count < n_words:
        for half in range(step):
            x = np.uint32(0)
            for at in range(half, count * step, step):
                x = np.uint32((x + words[at]) * ROLL)
            shingles[half] = x
        return 1
    n = count - n_words + 1
    if n_words == USUAL_WORDS:  # a constant, which the compiler unrolls
        for at in range(n * step):
            shingles[at] = _rolled(words, at, USUAL_WORDS, step)
    else:
        for at in range(n * step):
            shingles[at] = _rolled(words, at, n_words, step)
    return n


@njit(inline="always")
def _words(address: np.uint64, n_bytes: int, buffer: np.ndarray, words: np.ndarray) -> int:
    """Hashes of the words of a text anywhere in memory; returns how many.

    It is read where it lies, unless what is behind its last byte may be on a page that is not ours.
    """
    if n_bytes == 0:
        return 0
    if ((address + U64(n_bytes) - ONE) & U64(PAGE - 1)) + U64(PADDING) > U64(PAGE):
        copy(U64(buffer.ctypes.data), address, n_bytes)
        address = U64(buffer.ctypes.data)
    return split_words(address, n_bytes, words)


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
    count = _words(address, n_bytes, buffer, words)
    n = _shingles(words.view(np.uint32), count, n_words, 2, shingles.view(np.uint32))
    if len(ignored) == 0:
        return n
    kept = 0
    for at in range(n):
        if ignored[slot(ignored, shingles[at] | ONE, len(ignored))] == ZERO:
            shingles[kept] = shingles[at]
            kept += 1
    return kept


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
    wide()
    room = lengths[first:last].max() + PADDING
    buffer = np.empty(room, np.uint8)
    words, shingles = np.empty(room, np.uint64), np.empty(room, np.uint64)
    short_words, low = np.empty(room, np.uint32), np.empty(room, np.uint32)
    for row in range(first, last):
        if len(ignored):
            n = _read(addresses[row], lengths[row], n_words, ignored, buffer, words, shingles)
            for at in range(n):
                low[at] = np.uint32(shingles[at])
        else:  # half the work, for the same lower halves
            count = _words(addresses[row], lengths[row], buffer, short_words)
            n = _shingles(short_words, count, n_words, 1, low)
        n_shingles[row] = n
        for at in range(n):
            low[at] = mixed32(low[at])
        for at in range(0, len(factors), LANES):
            place = U64(4 * at)
            minima(
                U64(low.ctypes.data),
                n,
                U64(factors.ctypes.data) + place,
                U64(offsets.ctypes.data) + place,
                U64(signatures.ctypes.data) + U64(row * 4 * len(factors)) + place,
            )


@njit(nogil=True, cache=True)
def shingles_of(
    addresses: np.ndarray, lengths: np.ndarray, n_words: int, ignored: np.ndarray, row: int
) -> np.ndarray:
    """Hashes of the shingles of one text in their order, repeats among them: uint64 [n]."""
    room = lengths[row] + PADDING
    buffer = np.empty(room, np.uint8)
    words, shingles = np.empty(room, np.uint64), np.empty(room, np.uint64)
    n = _read(addresses[row], lengths[row], n_words, ignored, buffer, words, shingles)
    buffer[0] = 0  # Numba frees an array after its last use, and `_read` reads this one by its address
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
    while size < 4 * room:
        size *= 2
    table, seen = np.zeros(size, np.uint64), np.zeros(size, np.int32)
    size, n_left, of = 0, 0, -1
    for pair in range(first, last):
        if left[pair] != of:
            of = left[pair]
            n = _read(addresses[of], lengths[of], n_words, ignored, buffer, words, shingles)
            size = 64
            while size < 4 * n:
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
            elif seen[place] != pair - first:
                seen[place] = pair - first
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
