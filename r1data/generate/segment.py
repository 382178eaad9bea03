"""Finished rollouts between two publications: what the journal holds."""

import time
from collections.abc import Callable
from itertools import islice

import polars as pl

from r1data.errors import StorageError
from r1data.generate.journal import Journal
from r1data.schema import TABLES

CHUNK = 256
"""Rows that are parsed at once: of many, the parser takes ten times their size."""

Publish = Callable[[pl.DataFrame], object]


class Segment:
    """Says when the rows of a journal are published, and publishes them; memory holds them only then."""

    def __init__(self, publish: Publish, journal: Journal, seconds: float, size: int) -> None:
        """Publish at least every `seconds`, and once the rows take `size` bytes."""
        self.publishing = False
        self.count = 0
        """Publications so far."""
        self._publish, self._journal, self._seconds, self._size = publish, journal, seconds, size
        self._began = time.monotonic()

    def publish_if_due(self) -> None:
        """Publish if it is large or old enough."""
        if self._journal.n_bytes >= self._size or time.monotonic() - self._began >= self._seconds:
            self.publish_now()

    def publish_now(self) -> None:
        """Publish, then clear the journal; if that fails, the journal keeps the rows.

        Raises:
            StorageError: the lake's disk or bucket does not take them.
        """
        self.publishing = True
        if self._journal.n_rows:
            try:
                self._publish(_frame(self._journal))
            except OSError as error:
                raise StorageError(
                    f"{self._journal.n_rows} finished rollouts could not be published: {error}. They are "
                    f"kept in {self._journal.path}. Make room and run again: they are published first."
                ) from error
            self._journal.clear()
            self.count += 1
        self.publishing = False
        self._began = time.monotonic()


def _frame(journal: Journal) -> pl.DataFrame:
    schema = TABLES["rollouts"].schema
    rows = journal.rows()
    parts = []
    while chunk := list(islice(rows, CHUNK)):
        parts.append(pl.read_ndjson(b"\n".join(chunk), schema=schema))
    return pl.concat(parts)
