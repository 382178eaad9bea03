"""Finished rollouts between two publications."""

import time
from collections.abc import Callable

import polars as pl

from r1data.errors import StorageError
from r1data.generate.journal import Journal
from r1data.schema import TABLES

CHUNK = 256
"""Rows that are parsed at once."""

Publish = Callable[[pl.DataFrame], object]


class Segment:
    """Rows that are in the journal and not published yet."""

    def __init__(self, publish: Publish, journal: Journal, seconds: float, size: int) -> None:
        """Publish at least every `seconds`, and once the rows take `size` bytes."""
        self.rows: list[bytes] = []
        """Rows as JSON: a tenth of what they take as objects."""
        self.publishing = False
        self.count = 0
        """Publications so far."""
        self._publish, self._journal, self._seconds, self._size = publish, journal, seconds, size
        self._began, self._bytes = time.monotonic(), 0

    def add(self, rows: list[bytes]) -> None:
        """Add rows that are in the journal, as JSON."""
        self.rows += rows
        self._bytes += sum(map(len, rows))

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
            n_rows, rows, self.rows = len(self.rows), self.rows, []
            frame = _frame(rows)
            del rows
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


def _frame(rows: list[bytes]) -> pl.DataFrame:
    """Rows as a frame, parsed a few at a time: at once, the parser takes ten times their size."""
    schema = TABLES["rollouts"].schema
    parts = [
        pl.read_ndjson(b"\n".join(rows[at : at + CHUNK]), schema=schema) for at in range(0, len(rows), CHUNK)
    ]
    return pl.concat(parts)
