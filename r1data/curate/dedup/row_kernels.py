"""Numba kernels of near-duplicate removal: signatures -> bands -> pairs -> survivors."""

import numpy as np
from numba import njit

from r1data.curate.dedup.primitives import ONE, TOP, U64, ZERO, load, mixed, slot

ROLL = U64(0x9E3779B97F4A7C15)


@njit(nogil=True, cache=True)
def band_hashes(
    signatures: np.ndarray, first: int, last: int, n_values: int, scopes: np.ndarray, bands: np.ndarray
) -> None:
    """Hash of every band of signatures.

    Args:
        signatures: uint32 [n, p].
        first, last: rows, the last one excluded.
        n_values: values of a band.
        scopes: uint64 [n]; rows of different scopes have different hashes.
        bands: uint64 [b, n], written.
    """
    for row in range(first, last):
        for band in range(bands.shape[0]):
            x = mixed(scopes[row] + U64(band + 1) * ROLL)
            for at in range(n_values):
                x = mixed(x ^ U64(signatures[row, band * n_values + at])) * ROLL
            bands[band, row] = x


@njit(nogil=True, cache=True)
def run_lengths(hashes: np.ndarray) -> np.ndarray:
    """Lengths of the runs of equal values in a sorted array that are longer than 1: int64 [n]."""
    found = np.empty(len(hashes) // 2, np.int64)
    n = start = 0
    for at in range(1, len(hashes) + 1):
        if at == len(hashes) or hashes[at] != hashes[start]:
            if at - start > 1:
                found[n] = at - start
                n += 1
            start = at
    return found[:n]


@njit(nogil=True, cache=True)
def pairs_of_runs(
    hashes: np.ndarray, rows: np.ndarray, most: int, is_new: np.ndarray, pairs: np.ndarray
) -> int:
    """Pairs of rows within runs of equal hashes, at least one of them new.

    Args:
        hashes: uint64 [n], sorted.
        rows: int64 [n], the row of each hash, rising within a run.
        most: a longer run pairs each row with the first one and the one before only.
        is_new: bool [rows].
        pairs: uint64 [m], written: earlier row times 2^32 plus later row.

    Returns:
        How many there are; those beyond m are not written.
    """
    n = start = 0
    for at in range(1, len(hashes) + 1):
        if at < len(hashes) and hashes[at] == hashes[start]:
            continue
        crowded = at - start > most
        for later in range(start + 1, at):
            earlier = start
            while earlier < later:
                one, other = rows[earlier], rows[later]
                if is_new[one] or is_new[other]:
                    if n < len(pairs):
                        pairs[n] = (U64(one) << U64(32)) | U64(other)
                    n += 1
                earlier = later - 1 if crowded and earlier < later - 1 else earlier + 1
        start = at
    return n


@njit(nogil=True, cache=True)
def survivors(n: int, earlier: np.ndarray, later: np.ndarray, kept: np.ndarray, survivor: np.ndarray) -> None:
    """Greedy survivors: a row falls to the first kept earlier row that it is paired with.

    Args:
        n: rows, in the order in which they are preferred.
        earlier, later: int64 [m], verified pairs sorted by (later, earlier).
        kept: bool [n], written.
        survivor: int64 [n], written: place in the pairs of the pair that it fell by; -1 of a kept row.
    """
    for row in range(n):
        kept[row], survivor[row] = True, -1
    for pair in range(len(earlier)):
        if kept[later[pair]] and kept[earlier[pair]]:
            kept[later[pair]], survivor[later[pair]] = False, pair


@njit(nogil=True, cache=True)
def clusters(n: int, earlier: np.ndarray, later: np.ndarray) -> np.ndarray:
    """Connected rows (union-find): the first row of each row's cluster, int64 [n]."""
    root = np.arange(n)
    for pair in range(len(earlier)):
        one, other = earlier[pair], later[pair]
        while root[one] != one:
            root[one] = root[root[one]]
            one = root[one]
        while root[other] != other:
            root[other] = root[root[other]]
            other = root[other]
        root[max(one, other)] = min(one, other)
    for row in range(n):
        root[row] = root[root[row]]
    return root


@njit(nogil=True, cache=True)
def hash_set(hashes: np.ndarray, table: np.ndarray, filter_: np.ndarray) -> None:
    """Put hashes into an open-addressing table and a one-hash Bloom filter.

    Args:
        hashes: uint64 [n].
        table: uint64 [m], zeros; m a power of 2, at least 2 n.
        filter_: uint64 [k], zeros; k a power of 2; holds 64 k bits.
    """
    for hash_ in hashes:
        table[slot(table, hash_ | ONE, len(table))] = hash_ | ONE
        bit = hash_ >> U64(8)
        filter_[np.int64(bit >> U64(6)) & (len(filter_) - 1)] |= ONE << (bit & TOP)


@njit(nogil=True, cache=True)
def rows_in_set(
    addresses: np.ndarray, n_bands: int, table: np.ndarray, filter_: np.ndarray, found: np.ndarray
) -> None:
    """Which rows have a band hash in a set of `hash_set`.

    Args:
        addresses: uint64 [n], of `n_bands` hashes each, eight bytes apiece.
        found: bool [n], written.
    """
    for row in range(len(addresses)):
        found[row] = False
        for band in range(n_bands):
            hash_ = load(addresses[row] + U64(8 * band))
            bit = hash_ >> U64(8)
            maybe = (filter_[np.int64(bit >> U64(6)) & (len(filter_) - 1)] >> (bit & TOP)) & ONE
            if maybe and table[slot(table, hash_ | ONE, len(table))] != ZERO:
                found[row] = True
                break
