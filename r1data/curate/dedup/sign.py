"""Signatures of texts: MinHash of their shingles, in threads, from Arrow memory.

Signatures are those of datasketch 2, scheme `affine32`, seed 1, over the low 32 bits of each shingle's hash,
so they go in and out of datasketch (`lean_minhash`). Broder 1997, "On the resemblance and containment of
documents".
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
import xxhash

from r1data import ids
from r1data.curate.dedup.memory import addresses
from r1data.process import cores

if TYPE_CHECKING:
    from datasketch import LeanMinHash

N_PERMUTATIONS = 128
SEED = 1
RECALL = 0.998
"""Least share of pairs at the threshold that become candidates."""


@dataclass(frozen=True)
class Scheme:
    """What a signature is made of, and which texts become candidates."""

    n_words: int = 5
    """Words of a shingle."""
    n_bands: int = 21
    n_values: int = 6
    """Bands, and MinHash values of each: of pairs with Jaccard s, 1 - (1 - s^n_values)^n_bands have a
    band in common; for 21 and 6 99.8 % at 0.8, 93 % at 0.7, 28 % at 0.5.
    """

    ignored: frozenset[int] = frozenset()
    """Hashes of shingles that count for nothing, such as those of `boilerplate.of_phrases`."""

    @classmethod
    def for_threshold(cls, threshold: float, ignored: frozenset[int] = frozenset()) -> "Scheme":
        """The longest bands of which pairs at a threshold share one with probability `RECALL`."""
        for n_values in range(N_PERMUTATIONS, 0, -1):
            n_bands = N_PERMUTATIONS // n_values
            if 1 - (1 - threshold**n_values) ** n_bands >= RECALL:
                break
        return cls(n_bands=n_bands, n_values=n_values, ignored=ignored)

    @property
    def name(self) -> str:
        """Its part of an algorithm's version."""
        shape = f"words{self.n_words}-affine32-{N_PERMUTATIONS}-{self.n_bands}x{self.n_values}"
        return f"{shape}-ignoring{ids.digest(sorted(self.ignored))[:8]}" if self.ignored else shape

    @cached_property
    def table(self) -> np.ndarray:
        """The ignored shingles as the kernels look them up: uint64 [a power of 2], or empty."""
        from r1data.curate.dedup import row_kernels

        if not self.ignored:
            return np.empty(0, np.uint64)
        table = np.zeros(1 << (2 * len(self.ignored)).bit_length(), np.uint64)
        hashes = np.array(sorted(self.ignored), np.uint64)
        row_kernels.hash_set(hashes, table, np.zeros(1, np.uint64))
        return table


USUAL = Scheme()
"""What fits a threshold of 0.8."""
CHUNK_BYTES = 1 << 22
"""Text that a thread takes at a time."""


@dataclass(frozen=True)
class Signed:
    """Signatures of n texts."""

    signatures: np.ndarray
    """uint32 [n, N_PERMUTATIONS]; all ones for a text without words."""
    n_shingles: np.ndarray
    """int64 [n], repeats among them."""
    digests: np.ndarray
    """XXH3-128 of each text, as two uint64: [n, 2]."""
    n_bytes: np.ndarray
    """int64 [n]; -1 of a null, which is signed as an empty text."""


def permutations() -> tuple[np.ndarray, np.ndarray]:
    """Factors and offsets of datasketch's `affine32`: uint32 [N_PERMUTATIONS] each."""
    luck = np.random.RandomState(SEED)
    factors = luck.randint(0, 1 << 31, N_PERMUTATIONS, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return factors, luck.randint(0, 1 << 32, N_PERMUTATIONS, dtype=np.uint32)


def sign(texts: pl.Series, scheme: Scheme = USUAL, threads: int | None = None) -> Signed:
    """Sign texts (String or Binary, any chunks); `threads` of them at a time, as many as cores without it.

    Raises:
        SchemaError: another dtype.
    """
    from r1data.curate.dedup import kernels

    places, n_bytes = addresses(texts)
    lengths, n = np.maximum(n_bytes, 0), len(places)
    factors, offsets = permutations()
    signatures, n_shingles = np.empty((n, N_PERMUTATIONS), np.uint32), np.empty(n, np.int64)
    digests = np.empty((n, 2), np.uint64)
    shape = scheme.n_words, scheme.table

    def work(first: int, last: int) -> None:
        kernels.sign(places, lengths, *shape, first, last, factors, offsets, signatures, n_shingles)
        here = zip(places[first:last].tolist(), lengths[first:last].tolist(), strict=True)
        found = b"".join([xxhash.xxh3_128_digest(pa.foreign_buffer(*place)) for place in here])
        digests[first:last] = np.frombuffer(found, np.uint64).reshape(-1, 2)

    in_threads(work, lengths, threads)
    return Signed(signatures, n_shingles, digests, n_bytes)


def in_threads(work: Callable[[int, int], object], n_bytes: np.ndarray, threads: int | None = None) -> None:
    """Call `work(first, last)` for all rows, in chunks of about `CHUNK_BYTES` by the rows' `n_bytes`."""
    if not len(n_bytes):
        return
    chunk = np.cumsum(n_bytes) // CHUNK_BYTES
    limits = [0, *(np.flatnonzero(np.diff(chunk)) + 1).tolist(), len(n_bytes)]
    with ThreadPoolExecutor(threads or cores()) as pool:
        for done in [pool.submit(work, *limit) for limit in pairwise(limits)]:
            done.result()


def band_hashes(
    signatures: np.ndarray, scheme: Scheme = USUAL, scopes: np.ndarray | None = None
) -> np.ndarray:
    """Hash of every band: uint64 [n_bands, n]; rows of different `scopes` (uint64 [n]) never share one."""
    from r1data.curate.dedup import row_kernels

    n = len(signatures)
    bands = np.empty((scheme.n_bands, n), np.uint64)
    given = np.zeros(n, np.uint64) if scopes is None else scopes
    row_kernels.band_hashes(signatures, 0, n, scheme.n_values, given, bands)
    return bands


def lean_minhash(signature: np.ndarray) -> "LeanMinHash":
    """A signature as datasketch's own object, and its `hashvalues` back."""
    from datasketch import LeanMinHash

    return LeanMinHash(seed=SEED, hashvalues=signature, scheme="affine32")
