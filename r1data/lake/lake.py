"""One lake: scan its tables, publish to them, ask what they went through.

>>> lake = Lake("dagster_home/lake")
>>> lake.scan("rollouts", "2026-01-01").select(pl.len()).collect().item()
1536
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from r1data.errors import SchemaError
from r1data.lake import catalog, delta, publish, storage
from r1data.lake.publish import Publication
from r1data.paths import lake_root
from r1data.schema import TABLES, Table


class Lake:
    """Delta tables under one root, a local folder or `s3://bucket/prefix`; without `root`, the one
    R1DATA_LAKE names.
    """

    def __init__(self, root: str | Path | None = None) -> None:
        given = str(root or lake_root())
        self.root = given.rstrip("/") if storage.is_s3(given) else str(Path(given).resolve())
        self._before: dict[tuple[str, str, str], list[delta.DataFile]] = {}

    def table_root(self, table: str) -> str:
        """Where a table is."""
        return f"{self.root}/{_table(table).name}"

    def scan(self, table: str, night: str | None = None, version: int | None = None) -> pl.LazyFrame:
        """The rows of a table, lazily: of one night if given, of the newest version unless another is given.

        The schema is the table's, also when nothing was published yet. The files of one version never
        change, so what is scanned stays as it was while others publish.
        """
        found = delta.files(delta.open_table(self.table_root(table), version=version), {"night": night})
        return publish.read(self.table_root(table), _table(table), found)

    def version(self, table: str) -> int | None:
        """The newest version of a table; None when nothing was published yet."""
        handle = delta.open_table(self.table_root(table))
        return handle.version() if handle else None

    def versions(self, tables: Iterable[str]) -> dict[str, int | None]:
        """Newest versions by table, as a publish records them as its inputs."""
        return {table: self.version(table) for table in tables}

    def append(
        self,
        table: str,
        frame: pl.DataFrame | pl.LazyFrame,
        *,
        run: str = "",
        inputs: Mapping[str, int | None] | None = None,
    ) -> Publication:
        """Add to a ledger the rows whose key it does not hold yet; see `publish.append`."""
        described = _table(table, "ledger")
        info = {"run": run, "inputs": dict(inputs or {})}
        return self._published(publish.append(self.table_root(table), described, frame, info))

    def begin(self, table: str, partition: Mapping[str, str]) -> None:
        """Note what a partition of a derived table holds as a stage starts, so that `replace` detects a
        race.
        """
        handle = delta.open_table(self.table_root(table))
        self._before[table, partition["recipe"], partition["night"]] = delta.files(handle, partition)

    def replace(
        self,
        table: str,
        partition: Mapping[str, str],
        frame: pl.DataFrame | pl.LazyFrame,
        *,
        run: str = "",
        inputs: Mapping[str, int | None] | None = None,
        in_order: bool = True,
    ) -> Publication:
        """Put a frame in the place of one `{recipe, night}` of a derived table; see `publish.replace`.

        A stage that takes long calls `begin` first; otherwise only a race during the call itself is detected.
        """
        described = _table(table, "derived")
        noted = (table, partition["recipe"], partition["night"])
        if noted not in self._before:
            self.begin(table, partition)
        info = {"run": run, "inputs": dict(inputs or {}), "partition": dict(partition)}
        before = self._before.pop(noted)
        return self._published(
            publish.replace(
                self.table_root(table), described, partition, frame, info, before=before, in_order=in_order
            )
        )

    def history(self, table: str) -> pl.DataFrame:
        """One row per version, newest first: version, at (UTC), operation, run, code_version, inputs and
        partition (both JSON; a partition is what a derived table's version replaced).
        """
        handle = delta.open_table(self.table_root(table))
        entries: list[dict[str, Any]] = handle.history() if handle else []
        return pl.DataFrame(
            [
                (
                    entry["version"],
                    entry["timestamp"],
                    entry["operation"],
                    entry.get("run"),
                    entry.get("code_version"),
                    entry.get("inputs"),
                    entry.get("partition"),
                )
                for entry in entries
            ],
            schema={
                "version": pl.Int64,
                "at": pl.Int64,
                "operation": pl.String,
                "run": pl.String,
                "code_version": pl.String,
                "inputs": pl.String,
                "partition": pl.String,
            },
            orient="row",
        ).with_columns(pl.from_epoch("at", time_unit="ms").dt.replace_time_zone("UTC"))

    @property
    def catalog_path(self) -> Path:
        """The DuckDB file with one view per table."""
        return catalog.path(self.root)

    def rebuild_catalog(self) -> Path:
        """Write the catalog anew over the newest versions; needed by hand after a move."""
        return catalog.rebuild(self.root)

    def _published(self, publication: Publication) -> Publication:
        if publication.changed:
            catalog.rebuild(self.root, anew=False)
        return publication


def _table(name: str, kind: str | None = None) -> Table:
    if name not in TABLES:
        raise SchemaError(f"There is no table `{name}`. Tables: {', '.join(TABLES)}.")
    if kind and TABLES[name].kind != kind:
        verb = "append to" if TABLES[name].kind == "ledger" else "replace partitions of"
        raise SchemaError(f"`{name}` is a {TABLES[name].kind} table: {verb} it.")
    return TABLES[name]
