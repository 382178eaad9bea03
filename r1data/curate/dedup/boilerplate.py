"""Shingles that say nothing of a text because many texts have them, as in "Wait, let me check this again"."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
import polars as pl

from r1data.curate.dedup.memory import addresses
from r1data.curate.dedup.sign import USUAL

SAMPLE_ROWS = 2000
NONE = np.empty(0, np.uint64)


def of_phrases(phrases: Iterable[str]) -> frozenset[int]:
    """Hashes of the shingles of phrases; one of fewer words than a shingle has none that a text shares."""
    texts = pl.Series(list(phrases), dtype=pl.String)
    return frozenset(hash_ for row in _shingles(texts) for hash_ in row.tolist())


def common(texts: pl.Series, share: float) -> frozenset[int]:
    """Hashes of the shingles that more than a share of the texts have, 0 to 1, and more than two texts.

    `SAMPLE_ROWS` of the texts, evenly spaced, stand for all.
    """
    sample = texts.gather_every(max(1, len(texts) // SAMPLE_ROWS))
    counts: Counter[int] = Counter()
    for row in _shingles(sample):
        counts.update(np.unique(row).tolist())
    return frozenset(hash_ for hash_, n in counts.items() if n > max(2, share * len(sample)))


def _shingles(texts: pl.Series) -> Iterable[np.ndarray]:
    from r1data.curate.dedup import kernels

    places, lengths = addresses(texts.drop_nulls())
    return (kernels.shingles_of(places, lengths, USUAL.n_words, NONE, row) for row in range(len(places)))
