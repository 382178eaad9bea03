"""How far the engine is: a bar with the time to go on a terminal, else a line in the log now and then."""

import logging
import os
import sys
import time
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from r1data.generate.accounting import Summary

EVERY_S = 15.0
log = logging.getLogger("r1data")


_terminal: TextIO | None = None


def keep_terminal() -> None:
    """Keep a way to the terminal for the bar; Dagster sends stderr to a file while an asset is made."""
    global _terminal
    if _terminal is None and sys.stderr.isatty():
        _terminal = os.fdopen(os.dup(sys.stderr.fileno()), "w")


class RolloutProgress:
    """A context manager; call it with the numbers so far."""

    def __init__(self, planned: int) -> None:
        """`planned` rollouts are to be made, at most."""
        self._planned = planned
        self._began = self._said = time.monotonic()
        self._bar = None
        if _terminal:
            self._bar = Progress(
                TextColumn("rollouts"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rates]}"),
                TimeRemainingColumn(),
                console=Console(file=_terminal, force_terminal=True),
                transient=True,
            )
            self._task = self._bar.add_task("rollouts", total=planned, rates="")

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._bar:
            self._bar.stop()

    def __call__(self, summary: Summary) -> None:
        """Show the numbers of a run."""
        now = time.monotonic()
        if self._bar:
            self._bar.update(self._task, completed=summary.rollouts, rates=self._rates(summary, now))
        elif now - self._said >= EVERY_S:
            self._said = now
            per_s = summary.rollouts / (now - self._began)
            left = self._planned - summary.rollouts
            to_go = f"{left / per_s:.0f} s to go" if per_s else "none finished yet"
            done = f"{summary.rollouts:,} of {self._planned:,}"
            log.info("rollouts: %s, %s, %s", done, self._rates(summary, now), to_go)

    def _rates(self, summary: Summary, now: float) -> str:
        seconds = max(now - self._began, 1e-9)
        text = (
            f"{summary.rollouts / seconds:.1f} a second, {summary.completion_tokens / seconds:,.0f} tokens/s"
        )
        if summary.retries:
            text += f", {summary.retries} retries"
        return text if summary.cost_usd is None else f"{text}, ${summary.cost_usd:,.2f}"
