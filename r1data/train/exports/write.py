"""Rows → files, piece by piece; the bytes depend on the rows alone, not on how they come in batches."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from r1data.train.exports.form import Form, Row

GROUP_ROWS, GROUP_CHARS = 500, 32_000_000
"""A row group of Parquet ends at this many rows, or characters of text."""
SHARD_BYTES = 450_000_000
"""A Parquet file of so many bytes gets no further row group, so it stays below 500 MB."""
ROWS = "train.jsonl"


def write_rows(form: Form, batches: Iterable[pl.DataFrame], folder: Path) -> None:
    """Write a form's rows and what lies beside them.

    Args:
        form: what is written.
        batches: rows of a mix that were checked and may be exported.
        folder: takes `train.jsonl`, or `train-00000.parquet` and so on.
    """
    if form.container == "jsonl":
        _write_jsonl(form, batches, folder / ROWS)
    else:
        _write_parquet(form, batches, folder)
    for name, content in form.beside.items():
        (folder / name).write_bytes(content)


def data_files(folder: Path) -> list[Path]:
    """The files of an export that hold its rows, in order."""
    return sorted([*folder.glob(ROWS), *folder.glob("train-*.parquet")])


def digest_of(paths: Iterable[Path]) -> str:
    """XXH3-128 of the bytes of files, one after the other."""
    found = xxhash.xxh3_128()
    for path in paths:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                found.update(chunk)
    return found.hexdigest()


def sync(path: Path) -> None:
    """Flush a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_jsonl(form: Form, batches: Iterable[pl.DataFrame], path: Path) -> None:
    place = 0
    with path.open("wb") as file:
        for batch in batches:
            for given in batch.iter_rows(named=True):
                file.write(orjson.dumps(form.row(given, place), option=orjson.OPT_APPEND_NEWLINE))
                place += 1


def _write_parquet(form: Form, batches: Iterable[pl.DataFrame], folder: Path) -> None:
    shard, writer, sink = 0, None, None
    try:
        for group, schema in _groups(form, batches):
            if writer is None:
                sink = pa.OSFile(str(folder / f"train-{shard:05}.parquet"), "wb")
                writer = pq.ParquetWriter(sink, schema, compression="zstd")
            writer.write_table(pa.Table.from_pylist(group, schema=schema), row_group_size=len(group))
            assert sink is not None
            if sink.tell() >= SHARD_BYTES:
                writer.close()
                sink.close()
                shard, writer = shard + 1, None
    finally:
        if writer is not None and sink is not None:
            writer.close()
            sink.close()


def _groups(form: Form, batches: Iterable[pl.DataFrame]) -> Iterator[tuple[list[Row], pa.Schema]]:
    place, chars = 0, 0
    group: list[Row] = []
    schema = form.columns
    for batch in batches:
        if schema is None:
            schema = _plain(batch)
        for given in batch.iter_rows(named=True):
            group.append(form.row(given, place))
            place += 1
            chars += sum(len(value) for value in given.values() if isinstance(value, str))
            if len(group) == GROUP_ROWS or chars >= GROUP_CHARS:
                yield group, schema
                group, chars = [], 0
    if group and schema is not None:
        yield group, schema


def _plain(batch: pl.DataFrame) -> pa.Schema:
    """The schema of a frame in types that every reader of Parquet knows."""
    schema = batch.clear().to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    return pa.schema([(field.name, _small(field.type)) for field in schema])


def _small(dtype: pa.DataType) -> pa.DataType:
    if pa.types.is_large_string(dtype):
        return pa.string()
    if pa.types.is_large_list(dtype):
        return pa.list_(_small(dtype.value_type))
    if pa.types.is_struct(dtype):
        return pa.struct([(field.name, _small(field.type)) for field in dtype])
    return dtype
