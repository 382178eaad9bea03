"""Delta Lake as the lake uses it: our own files, Delta's commit.

delta-rs would write and commit before files can be synced, hashed or compared; so files are written here and
only the commit is Delta's. A commit is made against the exact version that was read
(`max_commit_retries=0`): by itself delta-rs lets two concurrent appends both succeed, which would store a
key twice.
"""

import json
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from deltalake import CommitProperties, DeltaTable
from deltalake import Schema as DeltaSchema
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction

from r1data import __version__
from r1data.errors import ConcurrentWrite, CorruptLake, SchemaError, first_line
from r1data.lake import storage
from r1data.schema import Table

PARTITION_VALUE = re.compile(r"[a-z0-9_-]+")


@dataclass(frozen=True)
class DataFile:
    """One Parquet file of a table; its name is the SHA-256 of its bytes."""

    path: str
    """Relative to the table, such as `night=2026-01-01/<sha256>.parquet`."""
    n_bytes: int
    n_rows: int

    @property
    def partition(self) -> dict[str, str]:
        """Partition values, from the path."""
        return dict(part.split("=", 1) for part in self.path.split("/")[:-1])

    @property
    def sha256(self) -> str:
        """Checksum that the content must have."""
        return Path(self.path).stem


def open_table(root: str, *, version: int | None = None) -> DeltaTable | None:
    """The Delta table at `root`; None when nothing was ever published there.

    Raises:
        CorruptLake: the log cannot be read; names the torn entry and the command that repairs it.
    """
    try:
        return DeltaTable(root, version=version, storage_options=storage.options(root))
    except TableNotFoundError:
        return None
    except DeltaError as error:
        torn = torn_entry(root)
        if torn is None:
            raise CorruptLake(f"{root} cannot be read: {first_line(error)}.") from error
        raise CorruptLake(
            f"{torn} is torn: its commit was cut short. `r1data lake repair` sets it aside; nothing visible "
            "is lost."
        ) from error


def torn_entry(root: str) -> Path | None:
    """The newest log entry of a local table, if it is not whole."""
    if storage.is_s3(root):
        return None  # a PUT is all or nothing
    entries = sorted((Path(root) / "_delta_log").glob("[0-9]*.json"))
    if not entries:
        return None
    try:
        lines = entries[-1].read_text(encoding="utf-8").splitlines()
        whole = bool(lines) and all(json.loads(line) for line in lines)
    except ValueError:
        whole = False
    return None if whole else entries[-1]


def create_table(root: str, table: Table) -> DeltaTable:
    """An empty Delta table with the columns of `table`."""
    schema = _schema(table)
    if not storage.is_s3(root):
        Path(root).mkdir(parents=True, exist_ok=True)
    created = DeltaTable.create(
        root,
        schema,
        mode="ignore",
        partition_by=list(table.partition_by),
        description=table.doc,
        storage_options=storage.options(root),
    )
    _sync_log(root, created.version())
    return created


def open_or_create(root: str, table: Table, handle: DeltaTable | None) -> DeltaTable:
    """The Delta table, made if it is not there, and given the columns that it lacks of `table`.

    Raises:
        ConcurrentWrite: another commit came between.
    """
    if handle is None:
        return create_table(root, table)
    have = {field.name for field in handle.schema().fields}
    if lacking := [field for field in _schema(table).fields if field.name not in have]:
        try:
            handle.alter.add_columns(lacking)
        except CommitFailedError as error:
            raise ConcurrentWrite(f"Another run published to {root} first. Run again.") from error
        _sync_log(root, handle.version())
    return handle


def _schema(table: Table) -> DeltaSchema:
    return DeltaSchema.from_arrow(table.empty().to_arrow(compat_level=pl.CompatLevel.oldest()).schema)


def files(handle: DeltaTable | None, partition: Mapping[str, str | None] | None = None) -> list[DataFile]:
    """The files of a version, sorted by path; those of a partition when its values are given."""
    if handle is None:
        return []
    actions = pl.DataFrame(handle.get_add_actions(flatten=True))
    found = [
        DataFile(row["path"], row["size_bytes"], row["num_records"])
        for row in actions.select("path", "size_bytes", "num_records").iter_rows(named=True)
    ]
    wanted = {key: value for key, value in (partition or {}).items() if value is not None}
    return sorted((f for f in found if wanted.items() <= f.partition.items()), key=lambda f: f.path)


def check_partition(value: str) -> None:
    """Refuse partition values that would need escaping in a path."""
    if not PARTITION_VALUE.fullmatch(value):
        raise SchemaError(f"{value!r} cannot name a partition. Use lower-case letters, digits, `_` and `-`.")


def commit(
    handle: DeltaTable,
    root: str,
    added: Iterable[DataFile],
    *,
    replace: Mapping[str, str] | None,
    partition_by: tuple[str, ...],
    info: Mapping[str, Any],
) -> int:
    """Make `added` visible, instead of what the partition `replace` holds if one is given; returns the new
    version.

    Raises:
        ConcurrentWrite: another commit came between; nothing of ours is visible.
    """
    actions = [
        AddAction(
            path=file.path,
            size=file.n_bytes,
            partition_values=file.partition,
            modification_time=int(time.time() * 1000),
            data_change=True,
            stats=json.dumps({"numRecords": file.n_rows}),
        )
        for file in added
    ]
    metadata = {key: value if isinstance(value, str) else json.dumps(value) for key, value in info.items()}
    try:
        handle.create_write_transaction(
            actions,
            mode="append" if replace is None else "overwrite",
            schema=handle.schema(),
            partition_by=list(partition_by),
            partition_filters=None
            if replace is None
            else [(key, "=", value) for key, value in replace.items()],
            commit_properties=CommitProperties(
                custom_metadata=metadata | {"code_version": __version__}, max_commit_retries=0
            ),
        )
    except CommitFailedError as error:
        raise ConcurrentWrite(
            f"Another run published to {root} first. Run again; nothing of this run is visible."
        ) from error
    version = handle.version() + 1  # without retries, the commit is the next one or fails
    _sync_log(root, version)
    return version


def _sync_log(root: str, version: int) -> None:
    if storage.is_s3(root):
        return
    log = Path(root) / "_delta_log"
    storage.sync(log / f"{version:020d}.json")
    storage.sync(log)
    storage.sync(log.parent)
    storage.sync(log.parent.parent)
