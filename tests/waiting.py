"""Waiting for what other threads and processes do."""

import time
from collections.abc import Callable


def until(holds: Callable[[], bool], timeout_s: float = 60) -> None:
    """Wait until it holds; the bound is for machines with much other work, and costs nothing else."""
    deadline = time.monotonic() + timeout_s
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert holds()
