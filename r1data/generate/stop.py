"""A signal as a wish that a loop reads."""

import signal
import threading
from types import FrameType
from typing import Any


class Stop:
    """Turns SIGTERM and SIGINT into a wish that the loop reads, so that neither tears a publication.

    Signals reach the main thread only; elsewhere this does nothing.
    """

    def __init__(self) -> None:
        self.asked: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Stop":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *exc: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def raise_if_asked(self) -> None:
        """Hand the signal to whoever listened before; if nobody did, end the process by an exception."""
        if self.asked is not None:
            if callable(self._before[self.asked]):
                signal.raise_signal(self.asked)
            raise SystemExit(128 + self.asked)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = number
