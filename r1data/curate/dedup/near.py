"""Near-duplicates of any documents: which copies go, which document each falls to, and how alike they are."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from r1data.curate.dedup.compare import similarities
from r1data.curate.dedup.pairs import MAX_PAIRS, Candidates, candidates
from r1data.curate.dedup.sign import Scheme, Signed, band_hashes, sign
from r1data.errors import SchemaError

log = logging.getLogger("r1data")

BATCH_ROWS = 2048
MEMORY_BYTES = 1 << 29
Agree = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From rows of the documents, int64 [m] twice, to bool [m]."""
Progress = Callable[[str, int], object]
"""Told a stage (`signed`, `compared`) and how many documents or pairs of it are done."""


@dataclass(frozen=True)
class Deduplicated:
    """What became of documents."""

    rows: pl.DataFrame
    """id, survivor_id and jaccard (null of a kept one), cluster_id, kept; in the order of the documents."""
    deferred: pl.DataFrame
    """Band hashes that were too dense to pair each with each; see `pairs.Candidates`."""
    n_exact: int
    """Documents whose text is that of an earlier one."""
    n_candidates: int
    """Pairs that were compared exactly."""
    n_bytes: int
    """All texts together."""


def near_duplicates(
    documents: pl.LazyFrame, *, id: str, text: str, threshold: float = 0.8, **options: Any
) -> pl.DataFrame:
    """The rows of `deduplicate`, whose other arguments are `options`; what was deferred is logged."""
    found = deduplicate(documents, id=id, text=text, threshold=threshold, **options)
    if found.deferred.height:
        log.warning(
            "%s band hashes are shared by so many documents that not all their pairs were compared",
            f"{found.deferred.height:,}",
        )
    return found.rows


def deduplicate(
    documents: pl.LazyFrame,
    *,
    id: str,
    text: str,
    scope: str | None = None,
    prefer: pl.Expr | None = None,
    agree: Agree | None = None,
    scheme: Scheme | None = None,
    threshold: float = 0.8,
    min_shingles: int = 1,
    max_pairs: int = MAX_PAIRS,
    memory_bytes: int = MEMORY_BYTES,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Deduplicated:
    """Find the documents that nearly repeat one that is kept, in the order of preference.

    Only a kept document drops others, so chains of slight changes do not swallow each other.

    Args:
        documents: in a stable order; read twice.
        id, text: columns; ids are distinct and of any dtype, texts String or Binary. Null counts as empty.
        scope: column within whose equal values alone documents are compared; all of them without it.
        prefer: the lowest value is kept first, nulls last; equal values in the order of `documents`.
        agree: which similar pairs count, given both row numbers; equal texts always do.
        scheme: shingles and bands; those that fit the threshold without it.
        threshold: least exact Jaccard similarity of the sets of shingles, above 0 to 1.
        min_shingles: a text with fewer is only compared as a whole.
        max_pairs, memory_bytes: candidate pairs, and texts held while they are compared, at most.
        threads, progress: as many as cores without it; told how far it is.

    Raises:
        SchemaError: a column is missing or of another dtype, or an id is repeated.
    """
    scheme = scheme or Scheme.for_threshold(threshold)
    wanted = _columns(documents, id, text, scope, prefer)
    read = _sign_all(wanted, scheme, memory_bytes, threads, progress)
    first, pairs = _candidates(read, max(min_shingles, 1), max_pairs)
    alike = similarities(
        pairs.earlier,
        pairs.later,
        read.n_bytes[read.order],
        lambda places: _texts(wanted, read, places),
        scheme=scheme,
        memory_bytes=memory_bytes,
        threads=threads,
        progress=progress,
    )
    close = alike >= threshold
    if agree:
        close[close] = agree(read.order[pairs.earlier[close]], read.order[pairs.later[close]])
    fate = _elect(first, pairs.earlier[close], pairs.later[close], alike[close])
    return Deduplicated(
        _told(read.frame["id"], read.order, *fate),
        pairs.deferred,
        n_exact=int((first != np.arange(len(first))).sum()),
        n_candidates=len(alike),
        n_bytes=int(np.maximum(read.n_bytes, 0).sum()),
    )


def _candidates(read: "_Read", min_shingles: int, max_pairs: int) -> tuple[np.ndarray, Candidates]:
    """The first place with the same text of every place, and pairs of places."""
    first = _first_of_equals(read.digests[read.order], read.frame["scope"].to_numpy()[read.order])
    distinct = np.flatnonzero(first == np.arange(len(first)))
    compared = distinct[read.n_shingles[read.order[distinct]] >= min_shingles]
    pairs = candidates(read.bands[:, read.order[compared]], np.ones(len(compared), np.bool_), max_pairs)
    return first, replace(pairs, earlier=compared[pairs.earlier], later=compared[pairs.later])


def _elect(
    first: np.ndarray, earlier: np.ndarray, later: np.ndarray, alike: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Survivor, similarity to it, and cluster of every place: int64, float64, int64 [n]."""
    from r1data.curate.dedup import row_kernels

    order = np.lexsort((earlier, later))
    earlier, later, alike = earlier[order], later[order], alike[order]
    n = len(first)
    kept, pair = np.empty(n, np.bool_), np.empty(n, np.int64)
    row_kernels.survivors(n, earlier, later, kept, pair)
    survivor, similarity = np.arange(n), np.ones(n)
    fell = np.flatnonzero(~kept)
    survivor[fell], similarity[fell] = earlier[pair[fell]], alike[pair[fell]]
    return survivor[first], similarity[first], row_kernels.clusters(n, earlier, later)[first]


def _told(
    ids: pl.Series, order: np.ndarray, survivor: np.ndarray, jaccard: np.ndarray, cluster: np.ndarray
) -> pl.DataFrame:
    """Rows in the order of the documents; `order` has the document of each place."""
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    rows = pl.DataFrame(
        {"id": ids, "survivor_id": ids.gather(order[survivor[place]]), "jaccard": jaccard[place]}
    )
    kept = pl.Series("kept", survivor[place] == place)
    return rows.select(
        "id",
        pl.when(~kept).then("survivor_id").alias("survivor_id"),
        pl.when(~kept).then("jaccard").alias("jaccard"),
        cluster_id=ids.gather(order[cluster[place]]),
        kept=kept,
    )


def _columns(
    documents: pl.LazyFrame, id: str, text: str, scope: str | None, prefer: pl.Expr | None
) -> pl.LazyFrame:
    """id, text, scope (UInt64), prefer."""
    schema = documents.collect_schema()
    for column in (id, text, *([scope] if scope else [])):
        if column not in schema:
            raise SchemaError(f"There is no column {column}. Columns: {', '.join(schema.names())}.")
    return documents.select(
        id=id,
        text=text,
        scope=pl.col(scope).hash(0) if scope else pl.lit(0, pl.UInt64),
        prefer=pl.lit(0) if prefer is None else prefer,
    )


@dataclass(frozen=True)
class _Read:
    """What is held of all documents."""

    frame: pl.DataFrame
    digests: np.ndarray
    n_shingles: np.ndarray
    n_bytes: np.ndarray
    bands: np.ndarray
    texts: pl.Series | None
    """All texts, if half of the memory holds them: the rest is for those of a scan under way."""
    order: np.ndarray
    """The row of every place in the order of preference."""


def _sign_all(
    wanted: pl.LazyFrame, scheme: Scheme, memory_bytes: int, threads: int | None, progress: Progress | None
) -> _Read:
    frames, parts, bands = [wanted.head(0).drop("text").collect()], list[Signed](), list[np.ndarray]()
    texts: list[pl.Series] | None = []
    n = n_bytes = 0
    for batch in wanted.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
        signed = sign(batch["text"], scheme, threads)
        bands.append(band_hashes(signed.signatures, scheme, batch["scope"].to_numpy()))
        parts.append(replace(signed, signatures=np.empty((0, 0), np.uint32)))  # the bands are enough
        frames.append(batch.drop("text"))
        n, n_bytes = n + batch.height, n_bytes + int(np.maximum(signed.n_bytes, 0).sum())
        texts = [*texts, batch["text"]] if texts is not None and n_bytes <= memory_bytes // 2 else None
        if progress:
            progress("signed", n)
    frame = pl.concat(frames)
    if frame["id"].n_unique() < frame.height:
        example = frame["id"].filter(frame["id"].is_duplicated())[0]
        raise SchemaError(f"Several documents have the id {example}. Give each its own.")
    return _Read(
        frame,
        np.concatenate([np.empty((0, 2), np.uint64), *(part.digests for part in parts)]),
        np.concatenate([np.empty(0, np.int64), *(part.n_shingles for part in parts)]),
        np.concatenate([np.empty(0, np.int64), *(part.n_bytes for part in parts)]),
        np.concatenate([np.empty((scheme.n_bands, 0), np.uint64), *bands], axis=1),
        pl.concat(texts, rechunk=False) if texts else None,
        frame.with_row_index("row").sort("prefer", "row", nulls_last=True)["row"].cast(pl.Int64).to_numpy(),
    )


def _first_of_equals(digests: np.ndarray, scopes: np.ndarray) -> np.ndarray:
    """The first place with the same text and scope: int64 [n]."""
    frame = pl.DataFrame({"a": digests[:, 0], "b": digests[:, 1], "scope": scopes}).with_row_index("row")
    return frame.select(pl.col("row").first().over("a", "b", "scope")).to_series().cast(pl.Int64).to_numpy()


def _texts(
    wanted: pl.LazyFrame, read: _Read, places: np.ndarray
) -> tuple[np.ndarray, pl.Series | pa.ChunkedArray]:
    """Places and their texts; those that are not held are read batch by batch, so that no others are."""
    rows = read.order[places]
    if read.texts is not None:
        return places, read.texts.gather(rows)
    sorting = np.argsort(rows)
    rows, at, found = rows[sorting], 0, list[pa.Array]()
    for batch in wanted.select("text").collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
        here = rows[np.searchsorted(rows, at) : np.searchsorted(rows, at + batch.height)]
        # Copied out: as views they would hold the whole batch.
        found.append(batch["text"].gather(here - at).to_arrow(compat_level=pl.CompatLevel.oldest()))
        at += batch.height
    return places[sorting], pa.chunked_array(found)
