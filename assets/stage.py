"""What every asset does around its one call: scan with versions noted, publish, report."""

import logging
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import dagster as dg
import polars as pl

from assets.metadata import row_count
from assets.resources import LakeResource, RecipeResource
from r1data.lake import Publication
from r1data.schema import TABLES

log = logging.getLogger("r1data")


class Stage:
    """One asset at work on one night: where it reads, what it read, what it publishes."""

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        lake: LakeResource,
        recipe: RecipeResource,
        replaces: str | None = None,
    ) -> None:
        """`replaces` names the derived table that the stage makes, so that a race for it is detected."""
        self.name = context.asset_key.to_user_string()
        self.lake = lake.open()
        self.recipe = recipe.read()
        self.night = context.partition_key
        self.run = context.run.run_id
        self.inputs: dict[str, int | None] = {}
        self.partition = {"recipe": self.recipe.name, "night": self.night}
        self._began = time.monotonic()
        self._new_rows: Counter[str] = Counter()
        log.info("%s …", self.name)
        if replaces:
            self.lake.begin(replaces, self.partition)

    def scan(self, table: str, night: str | None = None) -> pl.LazyFrame:
        """Scan the newest version of a table and note it as an input."""
        self.inputs[table] = self.lake.version(table)
        return self.lake.scan(table, night, self.inputs[table])

    def scan_own(self, table: str) -> pl.LazyFrame:
        """The rows of a derived table that belong to this recipe and night."""
        return self.scan(table, self.night).filter(pl.col("recipe") == self.recipe.name)

    def append(self, table: str, frame: pl.DataFrame | pl.LazyFrame) -> Publication:
        """Append to a ledger."""
        return self._count(self.lake.append(table, frame, run=self.run, inputs=self.inputs))

    def replace(
        self, table: str, frame: pl.DataFrame | pl.LazyFrame, *, in_order: bool = True
    ) -> Publication:
        """Replace this recipe's and night's partition of a derived table; see `publish.replace`."""
        return self._count(
            self.lake.replace(
                table, self.partition, frame, run=self.run, inputs=self.inputs, in_order=in_order
            )
        )

    def report(self, table: str, **metadata: Any) -> dg.MaterializeResult:
        """What the UI and the log show of the stage's table: rows, version, seconds, and what the stage
        adds.
        """
        held = self.lake.scan(table, self.night)
        if TABLES[table].kind == "derived":
            held = held.filter(pl.col("recipe") == self.recipe.name)
        rows = held.select(pl.len()).collect().item()
        seconds = time.monotonic() - self._began
        new, version = self._new_rows[table], self.lake.version(table)
        log.info("%s: %s rows of this night, %s new, %.1f s", self.name, f"{rows:,}", f"{new:,}", seconds)
        return dg.MaterializeResult(
            metadata={
                **row_count(rows),
                "new_rows": new,
                "version": -1 if version is None else version,
                "elapsed_s": round(seconds, 2),
                "dagster/uri": self.lake.table_root(table),
                "inputs": dg.MetadataValue.json(self.inputs),
                **_shown(metadata),
            }
        )

    def _count(self, publication: Publication) -> Publication:
        if publication.changed:
            self._new_rows[publication.table] += publication.n_rows
        return publication


def _shown(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers as they are, so that they plot themselves; nothing is left for what is null."""
    return {key: value for key, value in metadata.items() if value is not None}
