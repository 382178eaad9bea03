"""Compare texts with an index of items, stage by stage: whole text, shared run of words, fuzzy."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl

from r1data.curate.decontaminate import fold, words
from r1data.curate.decontaminate.index import Index, Tokens, tokens
from r1data.curate.dedup.memory import addresses
from r1data.process import cores
from r1data.recipe import Contamination

SHORTEST_RUN_WORDS = 3
"""Shorter items are found only as the whole of a text."""
SLICE_ROWS = 500


@dataclass(frozen=True)
class Hit:
    """An item in a text."""

    item: int
    """Row of `Index.rows`."""
    method: str
    """exact, ngram, fuzzy, embedding or judge."""
    offset_chars: int
    """Where the matched part of the text begins."""
    length_chars: int
    """How long it is."""
    similarity: float
    """0 to 1: indel similarity of the matched words and the item's; of an embedding, the cosine."""


def hits(
    texts: pl.Series, index: Index, settings: Contamination, *, threads: int | None = None
) -> dict[int, Hit]:
    """The hit of each contaminated text, by its row.

    Args:
        texts: strings; a null holds nothing.
        index: what they are compared with.
        settings: thresholds.
        threads: as many as cores without it.
    """
    best: dict[int, Hit] = {}
    for first, wholes, found in _found(texts, index, settings, threads):
        for row, whole in enumerate(wholes.tolist(), first):
            if whole not in index.whole:
                continue
            item = index.same(whole, texts[row])
            if item is not None:
                best[row] = Hit(item, "exact", 0, len(texts[row]), 1.0)
        rows = found[:, 0].astype(np.int64)
        likely = {row: found[rows == row] for row in np.unique(rows).tolist() if row not in best}
        subjects = tokens(texts.gather(list(likely)))
        for (row, items), subject in zip(likely.items(), subjects, strict=True):
            hit = _best(texts[row], subject, items, index, settings)
            if hit:
                best[row] = hit
    return best


def _found(
    texts: pl.Series, index: Index, settings: Contamination, threads: int | None
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Of each slice of texts: its first row, hashes of whole texts, and rows of `match.FIELDS` columns:
    likely items.
    """
    from r1data.curate.decontaminate.kernels import find
    from r1data.curate.decontaminate.match import FIELDS, MOST_FOUND

    wholes = np.zeros(len(texts), np.uint64)
    places, lengths = addresses(texts)
    characters, meanings = fold.tables(), words.table()
    least, arrays = (settings.coverage, settings.ngram_words), index.arrays

    def work(first: int) -> tuple[int, np.ndarray, np.ndarray]:
        last = min(first + SLICE_ROWS, len(texts))
        found = np.empty(((last - first) * MOST_FOUND, FIELDS))
        n = find(places, lengths, first, last, characters, meanings, arrays, *least, wholes, found)
        return first, wholes[first:last], found[:n]

    with ThreadPoolExecutor(threads or cores()) as pool:
        yield from pool.map(work, range(0, len(texts), SLICE_ROWS))


def _best(text: str, subject: Tokens, found: np.ndarray, index: Index, settings: Contamination) -> Hit | None:
    """The best hit among likely items: a shared run of words before a fuzzy one, then the most similar."""
    verified = [_verified(text, subject, row, index, settings) for row in found]
    ranked = [hit for hit in verified if hit]
    return max(ranked, key=lambda hit: (hit.method == "ngram", hit.similarity, -hit.item), default=None)


def _verified(
    text: str, subject: Tokens, found: np.ndarray, index: Index, settings: Contamination
) -> Hit | None:
    """What stage, if any, finds this item in the text."""
    item, begin, end, run, run_words, n_numbers = found[1:].astype(int).tolist()
    own = index.tokens[item]
    if item in index.pictures:
        return None
    n_words = len(own.hashes)
    if n_words < settings.ngram_words:
        same = run_words == n_words and _signs(subject, run, run + n_words) == _signs(own, 0, n_words)
        return (
            _hit(item, "ngram", subject, run, run + n_words, 1.0)
            if same and n_words >= SHORTEST_RUN_WORDS
            else None
        )
    if run_words == n_words:
        return _hit(item, "ngram", subject, run, run + n_words, 1.0)
    if n_numbers - own.is_number.sum() > settings.more_numbers * own.is_number.sum():
        return None
    similarity = _similarity(text, subject, begin, end, item, index)
    if run_words >= settings.ngram_words:
        return _hit(item, "ngram", subject, run, run + run_words, similarity)
    if similarity >= settings.similarity:
        return _hit(item, "fuzzy", subject, begin, end, similarity)
    return None


def _similarity(text: str, subject: Tokens, begin: int, end: int, item: int, index: Index) -> float:
    """Indel similarity of words of a text and an item: by character, or by word where both are long."""
    from rapidfuzz.distance import Indel

    from r1data.curate.decontaminate.match import MOST_CELLS

    own = index.tokens[item]
    if len(own.hashes) * (end - begin) > MOST_CELLS:
        return Indel.normalized_similarity(subject.hashes[begin:end].tolist(), own.hashes.tolist())
    return Indel.normalized_similarity(
        subject.written(text, begin, end), own.written(index.rows["text"][item])
    )


def _signs(tokens: Tokens, begin: int, end: int) -> int:
    """Sum of the hashes of the signs behind the words `begin` to `end`."""
    with np.errstate(over="ignore"):  # sums of hashes wrap around
        return int(tokens.signs[end] - tokens.signs[begin])


def _hit(item: int, method: str, subject: Tokens, begin: int, end: int, similarity: float) -> Hit:
    first, last = int(subject.spans[begin, 0]), int(subject.spans[end - 1, 1])
    return Hit(item, method, first, last - first, similarity)
