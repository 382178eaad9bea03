"""Publish a frame: check its schema, write it to new files, hash and sync them, then commit; all or nothing.

A writer that dies leaves nothing visible: until the commit, no version names its files. A file is named by
the SHA-256 of its bytes, so equal content is recognised and a flipped bit is found.
"""

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from r1data.errors import ConcurrentWrite, SchemaError
from r1data.lake import delta, storage
from r1data.lake.delta import DataFile
from r1data.schema import Table

FILE_BYTES = 1 << 30
"""Approximate size of a file before compression, at most."""
APPEND_TRIES = 10


@dataclass(frozen=True)
class Publication:
    """What a publish made visible."""

    table: str
    version: int | None
    """Version of the table afterwards; None when it does not exist yet."""
    n_rows: int
    """Rows that became visible: new ones of a ledger, all of a replaced partition."""
    changed: bool
    """Whether there is a new version; equal content makes none."""


def conform(frame: pl.DataFrame | pl.LazyFrame, table: Table) -> pl.LazyFrame:
    """`frame` with exactly the columns of `table`, in order.

    Raises:
        SchemaError: columns are missing, unknown or of another dtype.
    """
    lazy = frame.lazy()
    have, want = lazy.collect_schema(), table.schema
    if missing := sorted(set(want) - set(have)):
        raise SchemaError(f"Rows for `{table.name}` lack {missing}; they have {sorted(have)}.")
    if unknown := sorted(set(have) - set(want)):
        raise SchemaError(f"Rows for `{table.name}` have {unknown}, which its schema does not name.")
    wrong = {name: f"{have[name]}, not {dtype}" for name, dtype in want.items() if have[name] != dtype}
    if wrong:
        raise SchemaError(f"Rows for `{table.name}` have columns of another dtype: {wrong}.")
    return lazy.select(list(want))


def read(root: str, table: Table, found: list[DataFile]) -> pl.LazyFrame:
    """The rows of some files of a table; what an older file lacks of columns and structs is null."""
    if not found:
        return table.empty().lazy()
    return pl.scan_parquet(
        [f"{root}/{file.path}" for file in found],
        schema=table.schema,
        hive_partitioning=True,
        hive_schema={name: pl.String for name in table.partition_by},
        missing_columns="insert",
        cast_options=pl.ScanCastOptions(missing_struct_fields="insert"),
        storage_options=storage.options(root),
    ).select(list(table.schema))


def append(
    root: str, table: Table, frame: pl.DataFrame | pl.LazyFrame, info: Mapping[str, Any]
) -> Publication:
    """Add the rows whose key is not stored yet; of equal keys in the frame the first counts.

    A race with another writer is answered by reading again, joining again and trying again.
    """
    key = list(table.key)
    rows = conform(frame, table).unique(subset=key, keep="first", maintain_order=True)
    with storage.staging(root) as folder:
        for attempt in range(APPEND_TRIES):
            handle = delta.open_table(root)
            stored = read(root, table, delta.files(handle)).select(key)
            # The ledger streams past the keys of the frame, so memory holds the frame and not the ledger.
            known = stored.join(rows.select(key), on=key, how="semi", nulls_equal=True)
            known = known.collect(engine="streaming").lazy()
            target = folder / str(attempt)
            staged = _stage(rows.join(known, on=key, how="anti", nulls_equal=True), table, target)
            if not staged:
                return Publication(table.name, handle.version() if handle else None, 0, False)
            for path, file in staged.items():
                storage.put(path, root, file.path)
            try:
                handle = delta.open_or_create(root, table, handle)
                version = delta.commit(
                    handle, root, staged.values(), replace=None, partition_by=table.partition_by, info=info
                )
            except ConcurrentWrite:
                if attempt == APPEND_TRIES - 1:
                    raise
                rows = read(root, table, list(staged.values()))
                continue
            return Publication(table.name, version, sum(file.n_rows for file in staged.values()), True)
    raise AssertionError("unreachable")


def replace(
    root: str,
    table: Table,
    partition: Mapping[str, str],
    frame: pl.DataFrame | pl.LazyFrame,
    info: Mapping[str, Any],
    *,
    before: list[DataFile],
    in_order: bool = True,
) -> Publication:
    """Put the frame in the place of a partition that held the files `before` when the stage started.

    Rows are stored in the order of their key, which needs them all in memory; without `in_order` they stream
    through in the order in which they come.

    Raises:
        ConcurrentWrite: the partition holds other files by now; nothing of ours is visible.
        SchemaError: rows of another partition, or two rows with one key.
    """
    rows = conform(frame, table)
    rows = rows.sort(table.key, nulls_last=True) if in_order else rows
    with storage.staging(root) as folder:
        staged = _stage(rows, table, folder / "files")
        _check_partition_rows(staged, table, partition)
        n_rows = sum(file.n_rows for file in staged.values())
        for _ in range(APPEND_TRIES):
            handle = delta.open_table(root)
            now = delta.files(handle, partition)
            if [file.path for file in now] != [file.path for file in before]:
                where = "/".join(partition.values())
                raise ConcurrentWrite(f"Another run published {table.name}/{where} meanwhile. Run again.")
            if sorted(file.path for file in staged.values()) == [file.path for file in now]:
                return Publication(table.name, handle.version() if handle else None, n_rows, False)
            for path, file in staged.items():
                if path.exists():
                    storage.put(path, root, file.path)
            try:
                handle = delta.open_or_create(root, table, handle)
                version = delta.commit(
                    handle,
                    root,
                    staged.values(),
                    replace=partition,
                    partition_by=table.partition_by,
                    info=info,
                )
            except ConcurrentWrite:
                continue  # perhaps another partition: the comparison above decides
            return Publication(table.name, version, n_rows, True)
    raise ConcurrentWrite(f"{table.name} is written by others all the time. Run again.")


def _stage(rows: pl.LazyFrame, table: Table, folder: Path) -> dict[Path, DataFile]:
    """Stream rows to new files under `folder`, one folder per partition; returns where each is and will
    be.
    """
    folder.mkdir(parents=True)
    parts = pl.PartitionBy(
        folder, key=list(table.partition_by), include_key=False, approximate_bytes_per_file=FILE_BYTES
    )
    try:
        rows.sink_parquet(parts, compression="zstd", row_group_size=table.row_group_rows, mkdir=True)
    except pl.exceptions.ComputeError as error:
        if f"os error {errno.ENOSPC}" not in str(error):
            raise
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder)) from error
    staged = {}
    for path in sorted(folder.rglob("*.parquet")):
        n_rows = pl.scan_parquet(path).select(pl.len()).collect().item()
        partition = path.parent.relative_to(folder)
        for part in partition.parts:
            delta.check_partition(part.split("=", 1)[1])
        relative = str(partition / f"{storage.checksum(path)}.parquet")
        if n_rows:
            staged[path] = DataFile(relative, path.stat().st_size, n_rows)
    return staged


def _check_partition_rows(staged: dict[Path, DataFile], table: Table, partition: Mapping[str, str]) -> None:
    strays = [file.partition for file in staged.values() if file.partition != dict(partition)]
    if strays:
        raise SchemaError(f"Rows for {table.name} belong to {strays[0]}, not to {dict(partition)}.")
    if staged:
        keys = (
            pl.scan_parquet(list(staged)).select(pl.struct(table.key).is_duplicated().sum()).collect().item()
        )
        if keys:
            raise SchemaError(f"{keys} rows for {table.name} share their key {table.key} with another row.")
