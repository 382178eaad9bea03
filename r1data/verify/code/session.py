"""The sandboxes of a worker process, and one program in them."""

import atexit
from collections import deque
from collections.abc import Iterator
from time import monotonic

from r1data.verify.code.problem import Problem
from r1data.verify.code.settings import Settings
from r1data.verify.sandbox import Limits, Outcome, Sandbox, Test

PRELUDE = (
    "from typing import *; from collections import *; from heapq import *; from bisect import *;"
    "from itertools import *; from functools import *;"
    "import bisect, collections, functools, heapq, itertools, math, operator, random, re, string, sys;"
    "sys.setrecursionlimit(50_000)\n"
)
"""What sites for contests set up, so solutions by calls use it unasked; none of it hides a builtin."""
_open: dict[str, Sandbox] = {}
_backend = "auto"


def use_backend(name: str) -> None:
    """Which back-end the sandboxes of this process get (`r1data.verify.sandbox`); closes those of another."""
    global _backend
    if name != _backend:
        close()
        _backend = name


def close() -> None:
    """Close the sandboxes of this process."""
    while _open:
        _open.popitem()[1].close()


def sandbox(role: str) -> Sandbox:
    """This process's warm sandbox for a role, such as `program` or `check`: no two share one.

    Raises:
        SandboxError: none works here.
    """
    if not _open:
        atexit.register(close)
    if role not in _open:
        _open[role] = Sandbox(backend=_backend)
    return _open[role]


class Program:
    """One program, compiled once, which answers one test after the other; a context manager."""

    def __init__(self, code: str, limits: Limits) -> None:
        """Nothing runs before the first `ask`."""
        self.cpu_s, self.began = 0.0, monotonic()
        self.limits = limits
        self._waiting = deque[Test]()
        self._outcomes = sandbox("program").run(code, self._tests(), limits)

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *exc: object) -> None:
        self._outcomes.close()

    def _tests(self) -> Iterator[Test]:
        while self._waiting:
            yield self._waiting.popleft()

    def ask(self, test: Test) -> Outcome:
        """Run a test; the program starts anew."""
        self._waiting.append(test)
        outcome = next(self._outcomes)
        self.cpu_s += outcome.cpu_s
        return outcome

    def overrun(self, allowed: Settings) -> str:
        """`time_limit` or `starved` when all tests together took too long; empty while they did not."""
        if self.cpu_s > allowed.total_s:
            return "time_limit"
        passed_s = monotonic() - self.began
        if passed_s > allowed.idle_s and 8 * self.cpu_s < passed_s:
            return "time_limit"  # it slept: a busy machine would have given it more
        return "starved" if passed_s > allowed.patience_s else ""


def whole(code: str, asked: Problem, *, prelude: bool) -> str:
    """The program with what it may build on: the beginning that its prompt gives, or the usual imports."""
    if "from __future__" in code:  # must stand first
        return code
    if prelude:
        return PRELUDE + code
    if not asked.prompt or code.startswith(asked.prompt):
        return code
    defines = any(line.startswith(f"def {name}") for line in code.splitlines() for name in asked.names)
    return f"{begun(asked.prompt)}\n{code}" if defines else asked.prompt + code


def begun(prompt: str) -> str:
    """The beginning of a program as a program: its last function has no body but its docstring."""
    return f"{prompt.rstrip()}\n    pass\n" if prompt.strip() else ""
