"""What goes into the sandbox and what comes out: limits, tests, outcomes."""

from dataclasses import dataclass
from typing import Any

STATUSES: dict[str, str] = {
    "finished": "ran to its end; `value` holds the expression's value, if one was asked for",
    "syntax_error": "did not compile, or its source ended the compiler",
    "exception": "raised; `detail` has the type and the message",
    "exited": "ended before its end: SystemExit where a test had more to ask, os._exit",
    "killed": "ended by a signal; `detail` names it",
    "cpu_limit": "used up its CPU time",
    "wall_limit": "slept or waited for longer than `wall_s`",
    "memory_limit": "ran out of memory (MemoryError)",
    "output_limit": "wrote more than `output_bytes`",
    "not_plain": "the expression's value is no plain value, or too large",
    "starved": "passed `wall_s` because the machine had no processor for it: our doubt, not its failure",
}
"""Every status of an outcome, and what it says of the program."""


@dataclass(frozen=True)
class Limits:
    """What a test may use; every number is per test, and the compilation of a program has the same."""

    cpu_s: float = 4.0
    """CPU time of all threads."""
    wall_s: float | None = None
    """Backstop in wall time; None is 4 × cpu_s + 2. Only CPU time is the same on a busy machine."""
    memory_bytes: int = 512 << 20
    """Address space on top of the interpreter's own, threads' stacks among it."""
    output_bytes: int = 1 << 20
    """Standard output."""
    files_bytes: int = 32 << 20
    """All files in the work folder together."""
    n_files: int = 256
    """Files and folders in the work folder."""
    n_threads: int = 16
    """Threads besides the main one, at most about."""


@dataclass(frozen=True)
class Test:
    """One run of a program."""

    __test__ = False  # pytest collects classes of this name

    stdin: str = ""
    """Standard input."""
    setup: str = ""
    """Statements run in the program's namespace after the program."""
    expression: str | None = None
    """Evaluated last; its value comes back. None: the program only runs."""
    arguments: Any = None
    """A plain value, bound to the name `arguments` for the expression."""
    name: str = "__main__"
    """The program's `__name__`."""


@dataclass(frozen=True)
class Outcome:
    """How one test ended."""

    status: str
    """A key of STATUSES."""
    stdout: str = ""
    """Standard output, cut at `output_bytes`; bytes that are no UTF-8 are replaced."""
    value: Any = None
    """Value of the expression, of exact builtin types; None when there is none."""
    detail: str = ""
    """Free text for people: exception, signal, exit status."""
    cpu_s: float = 0.0
    """CPU time that the test used."""
