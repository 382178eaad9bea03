"""Where the texts of an Arrow column lie in memory: nothing is copied."""

import numpy as np
import polars as pl
import pyarrow as pa

from r1data.errors import SchemaError

INLINE_BYTES = 12
"""Longest text that a string view holds in itself."""


def addresses(texts: pl.Series | pa.Array | pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Address and length in bytes of every text; a null has length -1.

    They hold as long as `texts` is alive and is not changed.

    Args:
        texts: string, large_string, string_view or their binary kin; chunked, sliced, with nulls or not.

    Returns:
        uint64 [n], int64 [n].

    Raises:
        SchemaError: another dtype.
    """
    if isinstance(texts, pl.Series):
        texts = texts.to_arrow(compat_level=pl.CompatLevel.newest())
    chunks = texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]
    parts = [_of_chunk(chunk) for chunk in chunks if len(chunk)]
    if not parts:
        return np.empty(0, np.uint64), np.empty(0, np.int64)
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _of_chunk(chunk: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    kind = chunk.type
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        places, lengths = _views(chunk)
    elif pa.types.is_large_string(kind) or pa.types.is_large_binary(kind):
        places, lengths = _offsets(chunk, np.int64)
    elif pa.types.is_string(kind) or pa.types.is_binary(kind):
        places, lengths = _offsets(chunk, np.int32)
    else:
        raise SchemaError(f"A column of texts is of type {kind}. Give a column of strings.")
    if chunk.null_count:
        lengths[chunk.is_null().to_numpy(zero_copy_only=False)] = -1
    return places, lengths


def _offsets(chunk: pa.Array, dtype: type) -> tuple[np.ndarray, np.ndarray]:
    _, offsets, data = chunk.buffers()
    limits = np.frombuffer(offsets, dtype)[chunk.offset : chunk.offset + len(chunk) + 1].astype(np.int64)
    base = data.address if data else 0
    return (limits[:-1] + base).astype(np.uint64), np.diff(limits)


def _views(chunk: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """A view is 16 bytes: length, then the text, or a prefix, the buffer's number and the place in it."""
    _, views, *data = chunk.buffers()
    rows = np.frombuffer(views, np.uint32).reshape(-1, 4)[chunk.offset : chunk.offset + len(chunk)]
    lengths = rows[:, 0].astype(np.int64)
    bases = np.array([buffer.address for buffer in data] or [0], np.uint64)
    inline = views.address + np.uint64(16) * np.arange(
        chunk.offset, chunk.offset + len(chunk), dtype=np.uint64
    )
    far = lengths > INLINE_BYTES
    places = inline + np.uint64(4)
    places[far] = bases[rows[far, 2]] + rows[far, 3].astype(np.uint64)
    return places, lengths
