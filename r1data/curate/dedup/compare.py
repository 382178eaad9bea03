"""Exact Jaccard similarity of candidate pairs, with as many texts in memory as are allowed."""

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl
import pyarrow as pa

from r1data.curate.dedup.memory import addresses
from r1data.curate.dedup.sign import Scheme, in_threads

Fetch = Callable[[np.ndarray], tuple[np.ndarray, pl.Series | pa.ChunkedArray]]
"""From rows (int64, sorted) to the same rows, in any order, and their texts."""


def similarities(
    earlier: np.ndarray,
    later: np.ndarray,
    n_bytes: np.ndarray,
    fetch: Fetch,
    *,
    scheme: Scheme,
    memory_bytes: int,
    threads: int | None = None,
    progress: Callable[[str, int], object] | None = None,
) -> np.ndarray:
    """Jaccard similarity of pairs: float64 [m].

    Args:
        earlier, later: int64 [m], rows, sorted by `earlier`.
        n_bytes: int64 [n], length of every row's text.
        fetch: gives the texts of rows.
        scheme: of the shingles.
        memory_bytes: texts that are held at once; a pair of longer ones is still compared.
        threads: as many as cores without it.
        progress: told `compared` and how many pairs are.
    """
    from r1data.curate.dedup import kernels

    found, shape = np.empty(len(earlier), np.float64), (scheme.n_words, scheme.table)
    for first, last in _blocks(earlier, later, np.maximum(n_bytes, 0), memory_bytes):
        left, right = earlier[first:last], later[first:last]
        rows, texts = fetch(np.unique(np.concatenate([left, right])))
        order = np.argsort(rows)
        places, lengths = addresses(texts)
        places, lengths, rows = places[order], np.maximum(lengths[order], 0), rows[order]
        one, other = np.searchsorted(rows, left), np.searchsorted(rows, right)
        block = found[first:last]

        def work(
            begin: int, end: int, given: tuple[np.ndarray, ...] = (places, lengths, one, other, block)
        ) -> None:
            kernels.jaccards(*given[:2], *shape, *given[2:4], begin, end, given[4])

        in_threads(work, lengths[one] + lengths[other], threads)
        if progress:
            progress("compared", last)
    return found


def _blocks(
    earlier: np.ndarray, later: np.ndarray, n_bytes: np.ndarray, memory_bytes: int
) -> Iterator[tuple[int, int]]:
    """Runs of pairs whose distinct texts fit into memory; one pair at least."""
    rows = np.stack([earlier, later], axis=1).ravel()
    first = 0
    while first < len(earlier):
        here = rows[2 * first :]
        _, places = np.unique(here, return_index=True)
        fresh = np.zeros(len(here), np.int64)
        fresh[places] = n_bytes[here[places]]
        held = np.cumsum(fresh)[1::2]
        last = first + max(1, int(np.searchsorted(held, memory_bytes, side="right")))
        yield first, last
        first = last
