"""Candidate pairs: rows that share a band, within a budget."""

from dataclasses import dataclass

import numpy as np
import polars as pl

MAX_PAIRS = 200_000_000
"""Pairs that all bands together may give before the densest band hashes are deferred."""
DEFERRED = pl.Schema({"band": pl.Int16, "hash": pl.UInt64, "n_rows": pl.Int64})


@dataclass(frozen=True)
class Candidates:
    """Pairs to compare exactly."""

    earlier: np.ndarray
    """int64 [m], sorted; distinct pairs."""
    later: np.ndarray
    """int64 [m], each above its `earlier`."""
    deferred: pl.DataFrame
    """band, hash, n_rows of the band hashes that were too dense. Each of their rows is paired with the first
    row and the one before only, so pairs among them may be missed where no other band holds them.
    """


def candidates(bands: np.ndarray, is_new: np.ndarray, max_pairs: int = MAX_PAIRS) -> Candidates:
    """Pairs of rows that share a band, at least one of them new.

    Args:
        bands: uint64 [bands, n].
        is_new: bool [n].
        max_pairs: the budget; the longest runs of equal hashes are deferred until the rest fits.
    """
    from r1data.curate.dedup import row_kernels

    orders = [_sharing(hashes) for hashes in bands]
    lengths = [row_kernels.run_lengths(hashes[order]) for hashes, order in zip(bands, orders, strict=True)]
    most = _longest_within(np.concatenate([np.empty(0, np.int64), *lengths]), max_pairs)
    found, deferred = [np.empty(0, np.uint64)], [DEFERRED.to_frame()]
    for band, (hashes, order) in enumerate(zip(bands, orders, strict=True)):
        ordered = hashes[order]
        pairs = np.empty(0, np.uint64)
        n = row_kernels.pairs_of_runs(ordered, order, most, is_new, pairs)
        pairs = np.empty(n, np.uint64)
        row_kernels.pairs_of_runs(ordered, order, most, is_new, pairs)
        found.append(np.unique(pairs))
        if lengths[band].size and lengths[band].max() > most:
            deferred.append(_dense(band, ordered, most))
    pairs = np.unique(np.concatenate(found))
    return Candidates(
        (pairs >> np.uint64(32)).astype(np.int64),
        (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64),
        pl.concat(deferred).sort("n_rows", "band", "hash", descending=[True, False, False]),
    )


def _sharing(hashes: np.ndarray) -> np.ndarray:
    """Rows whose hash another row has too: int64 [m], sorted by hash and row."""
    order = np.argsort(hashes)  # not the stable one: several times faster, and few rows are left to sort
    ordered = hashes[order]
    same = np.zeros(len(hashes) + 1, np.bool_)
    same[1:-1] = ordered[1:] == ordered[:-1]
    rows = np.sort(order[same[1:] | same[:-1]])
    return rows[np.argsort(hashes[rows], kind="stable")]


def _longest_within(lengths: np.ndarray, max_pairs: int) -> int:
    """The longest run that is still paired each with each, so that all pairs are at most `max_pairs`."""
    sizes, counts = np.unique(lengths, return_counts=True)
    together = np.cumsum(counts * (sizes * (sizes - 1) // 2))
    within = sizes[together <= max_pairs]
    return int(within[-1]) if within.size else 1


def _dense(band: int, ordered: np.ndarray, most: int) -> pl.DataFrame:
    hashes, counts = np.unique(ordered, return_counts=True)
    dense = counts > most
    columns = {"band": np.full(dense.sum(), band), "hash": hashes[dense], "n_rows": counts[dense]}
    return pl.DataFrame(columns, schema=DEFERRED)
