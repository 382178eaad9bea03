"""What the arguments of a code reference may say, checked before anything runs."""

import math
from dataclasses import dataclass
from typing import Any

from r1data.verify.code.compare import CHECKERS
from r1data.verify.code.problem import BadReferenceError
from r1data.verify.sandbox import Limits


@dataclass(frozen=True)
class Settings:
    """How programs are run and compared."""

    checker: str = "tokens"
    """A name in CHECKERS."""
    tolerance: float = 1e-6
    """Relative and absolute, of floats."""
    timeout_s: float = 4.0
    """CPU seconds of one test."""
    memory_mb: float = 512.0
    """Memory of one test, beyond the interpreter's own."""
    total_s: float = 60.0
    """CPU seconds of all tests together."""

    def limits(self, wanted_chars: int = 0) -> Limits:
        """Limits of every test, where the longest text that is wanted has so many characters."""
        output_bytes = max(Limits.output_bytes, 2 * wanted_chars)
        return Limits(self.timeout_s, None, int(self.memory_mb * (1 << 20)), output_bytes)

    @property
    def idle_s(self) -> float:
        """Wall time after which a program that used little CPU time is said to sleep."""
        return 2 * self.total_s + 30

    @property
    def patience_s(self) -> float:
        """Wall time that a worker may take; beyond it, the machine had no time for the program."""
        return 8 * self.total_s + 60


def settings(args: dict[str, Any]) -> Settings:
    """The settings that the arguments of a reference name.

    Raises:
        BadReferenceError: one of them makes no sense.
    """
    numbers = ("tolerance", "timeout_s", "memory_mb", "total_s")
    checker = args.get("checker", "tokens")
    given = {name: args[name] for name in numbers if args.get(name) is not None}
    sound = all(isinstance(value, int | float) and 0 <= value < math.inf for value in given.values())
    if checker not in CHECKERS or not sound or not all(given.get(name, 1) > 0 for name in numbers[1:]):
        raise BadReferenceError(f"arguments {args} make no sense")
    return Settings(checker=checker, **given)
