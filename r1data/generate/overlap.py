"""Verdicts while the engine works: a thread judges what has finished, so that the queue can stop early."""

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Self

import polars as pl

from r1data.schema import TABLES

Row = dict[str, Any]
Judge = Callable[[pl.DataFrame], pl.DataFrame]
"""Rows of table `rollouts` in; `prompt_id` and `right` (Boolean) of each out."""


class Overlap:
    """A context manager around one thread that judges batches of rows, each as large as has come together."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._given: SimpleQueue[list[Row] | None] = SimpleQueue()
        self._verdicts: SimpleQueue[tuple[str, bool]] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="verdicts", daemon=True)
        self._failure: BaseException | None = None
        self.n_open = 0
        """Rows that were given and whose verdict was not taken yet."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._given.put(None)
        self._thread.join()

    def give(self, rows: list[Row]) -> None:
        """Have rows judged."""
        if rows:
            self.n_open += len(rows)
            self._given.put(rows)

    def take(self, timeout_s: float = 0) -> list[tuple[str, bool]]:
        """`(prompt_id, right)` of what was judged since; waits up to `timeout_s` for the first one.

        Raises:
            BaseException: whatever the judge raised, in its thread.
        """
        found = []
        with suppress(Empty):
            found.append(self._verdicts.get(timeout=timeout_s) if timeout_s else self._verdicts.get_nowait())
            while True:
                found.append(self._verdicts.get_nowait())
        if self._failure:
            raise self._failure
        self.n_open -= len(found)
        return found

    def _work(self) -> None:
        try:
            while batch := self._given.get():
                rows = list(batch)
                with suppress(Empty):
                    while more := self._given.get_nowait():
                        rows += more
                    self._given.put(None)  # the end, to be seen after these rows
                frame = pl.DataFrame(rows, schema=TABLES["rollouts"].schema, orient="row")
                for prompt_id, right in self._judge(frame).select("prompt_id", "right").iter_rows():
                    self._verdicts.put((prompt_id, right))
        except BaseException as failure:  # raised again where the runner takes verdicts
            self._failure = failure
