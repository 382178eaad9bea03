"""The sandbox as its users see it."""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Generator, Iterable, Iterator
from dataclasses import asdict, replace
from typing import Any, Self

from r1data.errors import SandboxError
from r1data.verify.sandbox import backends
from r1data.verify.sandbox.inside import plain
from r1data.verify.sandbox.outcome import Limits, Outcome, Test

REPORTABLE = ("finished", "exception", "exited", "memory_limit", "not_plain")
"""Statuses that a test process may give itself."""
SILENCE_S = 60.0
"""The process is given up when it says nothing for this long beyond the limits of a test."""


class Sandbox:
    """Runs untrusted programs; a context manager that leaves no process behind.

    One program at a time: a new `run` ends the one before. To run programs in parallel, open several; each
    may be used from any thread, but only from one at a time.
    """

    def __init__(self, limits: Limits | None = None, backend: str = "auto") -> None:
        """Find a back-end that works here.

        Args:
            limits: what every test may use, unless `run` says otherwise.
            backend: `auto` (the first of zygote and bubblewrap that works), zygote, bubblewrap or unsafe.

        Raises:
            SandboxError: no back-end works here; the message says what is missing.
            ConfigError: there is no such back-end.
        """
        self.limits = limits or Limits()
        self._work = tempfile.mkdtemp(prefix="r1data-sandbox-") if backend == "unsafe" else ""
        self._current: Generator[Outcome] | None = None
        self._closed = False
        self._files_bytes = self.limits.files_bytes
        self.backend, self._zygote = backends.start(backend, self._work, self._files_bytes)

    @property
    def protections(self) -> frozenset[str]:
        """What holds here: rlimits, no_new_privs, seccomp, namespaces, landlock."""
        return self._zygote.protections

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and everything in it."""
        self._closed = True
        self._zygote.close()
        if self._work:
            shutil.rmtree(self._work, ignore_errors=True)

    def run(self, source: str, tests: Iterable[Test], limits: Limits | None = None) -> Iterator[Outcome]:
        """Outcomes of the tests of one program, in order and only as they are asked for.

        The program is compiled once and runs anew for each test. If it does not compile, one outcome says so.

        Raises:
            SandboxError: the sandbox itself failed, which says nothing of the program; the next `run` starts
                it afresh.
        """
        if self._current is not None:
            self._current.close()
        self._current = self._outcomes(source, iter(tests), limits or self.limits)
        return self._current

    def _outcomes(self, source: str, tests: Iterator[Test], limits: Limits) -> Generator[Outcome]:
        limits = replace(limits, wall_s=4 * limits.cpu_s + 2 if limits.wall_s is None else limits.wall_s)
        messages = [json.dumps({"source": source, "limits": asdict(limits)}).encode()]
        started = False
        try:
            for test in tests:
                messages += _messages(test)
                if not started:
                    self._revive(limits)
                self._zygote.send(*messages)
                started, messages = True, []
                outcome = _outcome(*self._zygote.receive(limits.wall_s + 4 * limits.cpu_s + SILENCE_S))
                yield outcome
                if outcome.status == "syntax_error":
                    return
        except SandboxError:
            self._zygote.close()
            raise
        finally:
            if started:
                self._end_program()

    def _revive(self, limits: Limits) -> None:
        """Start the process again if it is gone, or if its work folder has a size that it cannot change."""
        if self._closed:
            raise SandboxError("this sandbox was closed; open another one")
        fits = self.backend != "bubblewrap" or limits.files_bytes == self._files_bytes
        if not (fits and self._zygote.is_alive()):
            self._zygote.close()
            self._files_bytes = limits.files_bytes
            if self._work:  # it went with the process
                os.makedirs(self._work, mode=0o700, exist_ok=True)
            _, self._zygote = backends.start(self.backend, self._work, self._files_bytes)

    def _end_program(self) -> None:
        """Make ready for the next program; bubblewrap's work folder serves one program only."""
        if self.backend == "bubblewrap":
            self._zygote.close()
        elif self._zygote.is_alive():
            with contextlib.suppress(SandboxError):  # the next program finds out
                self._zygote.send(b"")


def _messages(test: Test) -> list[bytes]:
    asked = {
        "setup": test.setup,
        "expression": test.expression,
        "arguments": plain.encode(test.arguments),
    }
    name = test.name.encode(errors="replace")
    return [name, test.stdin.encode("utf-8", "surrogatepass"), json.dumps(asked).encode()]


def _outcome(told: dict[str, Any], stdout: bytes, report: bytes) -> Outcome:
    status, detail, cpu_s = told["status"], told.get("detail", ""), told.get("cpu_s", 0.0)
    if status == "broken":
        raise SandboxError(f"the sandbox failed before the program began: {detail or 'a process ended'}")
    outcome = Outcome(status, stdout.decode(errors="replace"), None, detail, cpu_s)
    return _believed(outcome, report) if status == "reported" else outcome


def _believed(outcome: Outcome, report: bytes) -> Outcome:
    """The outcome with what the test process says of itself; that is foreign data, decoded with care."""
    try:
        data = json.loads(report)
        status, detail = data["status"], data.get("detail", "")
        if status not in REPORTABLE or not isinstance(detail, str):
            raise ValueError("it has another form")
        return replace(outcome, status=status, detail=detail[:300], value=plain.decode(data.get("value")))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        return replace(outcome, status="not_plain", detail=f"the report cannot be read: {error}"[:300])
