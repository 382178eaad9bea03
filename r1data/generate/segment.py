"""Finished rollouts between two publications."""

import time
from collections.abc import Callable
from typing import Any

import polars as pl

from r1data.errors import StorageError
from r1data.generate.journal import Journal
from r1data.schema import TABLES

Publish = Callable[[pl.DataFrame], object]


class Segment:
    """Rows that are in the journal and not published yet."""

    def __init__(self, publish: Publish, journal: Journal, seconds: float, size: int) -> None:
        """Publish at least every `seconds`, and once completions take `size` bytes."""
        self.rows: list[dict[str, Any]] = []
        self.publishing = False
        self.count = 0
        """Publications so far."""
        self._publish, self._journal, self._seconds, self._size = publish, journal, seconds, size
        self._began, self._bytes = time.monotonic(), 0

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Add rows that are in the journal."""
        self.rows += rows
        self._bytes += sum(len(row["completion"]) for row in rows)

    def publish_if_due(self) -> None:
        """Publish if it is large or old enough."""
        if self._bytes >= self._size or time.monotonic() - self._began >= self._seconds:
            self.publish_now()

    def publish_now(self) -> None:
        """Publish, then clear the journal; if that fails, the journal keeps the rows.

        Raises:
            StorageError: the lake's disk or bucket does not take them.
        """
        self.publishing = True
        if self.rows:
            frame = pl.DataFrame(self.rows, schema=TABLES["rollouts"].schema, orient="row")
            n_rows, self.rows = len(self.rows), []
            try:
                self._publish(frame)
            except OSError as error:
                raise StorageError(
                    f"{n_rows} finished rollouts could not be published: {error}. They are kept in "
                    f"{self._journal.path}. Make room and run again: they are published first."
                ) from error
            self._journal.clear()
            self.count += 1
        self.publishing = False
        self.rows, self._bytes, self._began = [], 0, time.monotonic()
