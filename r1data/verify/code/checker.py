"""Checks that run apart from the program: `def check(candidate)`, and assertions unlike `call == value`.

The check runs in a sandbox of its own, where what it calls of the program is a stand-in. The first call
without a known answer ends the round and gives its arguments, as plain values; the program's sandbox answers
it; and the check starts again with one answer more. Rounds repeat exactly: a sandbox has a fixed seed.

So a check of n calls would run n times. Where a known solution is there, the check runs once with that, which
tells the calls that will come; they are answered ahead, twice as many each time, and an answer counts only if
its call does come.
"""

import builtins
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from r1data.verify.code.session import Program, begun, sandbox
from r1data.verify.code.settings import Settings
from r1data.verify.sandbox import Limits, Outcome, Test
from r1data.verify.sandbox.inside import plain

MAX_CALLS = 2000
"""A check that calls the program more often is given up: unknown."""
FEW_CALLS = 4
"""From this call on, the ones that will come are looked for."""
CALL = "{name}(*arguments[0], **arguments[1])"
Call = tuple[str, list[Any], dict[str, Any]]

STAND_IN = """
import math, re, collections, itertools, random, cmath, datetime, string, sys
class _Ask(BaseException):
    pass
def _stand_in(name, answers, used):
    def called(*args, **kwargs):
        call = (name, list(args), kwargs)
        if not answers or answers[0][0] not in (None, call):
            raise _Ask(*call)
        _, kind, value = answers.pop(0)
        used.append(call)
        if kind == "raises":
            raise getattr(__import__("builtins"), value, Exception)("raised by the program")
        return value
    called.__name__ = name
    return called
def _round(check, arguments):
    names, answers = arguments
    answers, used = list(answers), []
    try:
        check({name: _stand_in(name, answers, used) for name in names})
    except _Ask as ask:
        return ("ask", len(used), ask.args)
    except BaseException as error:
        return ("failed", len(used), f"{type(error).__name__}: {error}"[:200])
    return ("passed", len(used), "")
def _record(check, names):
    import copy
    calls, inside = [], []
    def recorder(name, own):
        def called(*args, **kwargs):
            if inside:
                return own(*args, **kwargs)
            calls.append(copy.deepcopy((name, list(args), kwargs)))
            inside.append(name)
            try:
                return own(*args, **kwargs)
            finally:
                inside.pop()
        return called
    try:
        check({name: recorder(name, globals()[name]) for name in names})
    except BaseException:
        pass
    return calls
"""


@dataclass(frozen=True)
class Check:
    """A check and what it uses of the program."""

    source: str
    """Defines `_check(given)`, where `given` maps names to functions."""
    names: tuple[str, ...]
    known: str = ""
    """The same with a known solution in front; empty without one."""


def for_function(source: str, name: str, prompt: str, solution: str) -> Check:
    """A check by `check(candidate)`, which may use helpers that the prompt begins with."""
    # A check may also call the candidate by its name.
    body = f"{source}\ndef _check(given):\n    globals().update(given)\n    check(given[{name!r}])\n"
    known = f"{STAND_IN}\n{solution}\n{body}" if solution else ""
    return Check(f"{STAND_IN}\n{begun(prompt)}\n{body}", (name,), known)


def for_statements(source: str, names: tuple[str, ...], setup: str, solution: str) -> Check:
    """A check by statements."""
    body = f"{setup}\ndef _check(given):\n    exec({source!r}, globals() | given)\n"
    return Check(f"{STAND_IN}\n{body}", names, f"{STAND_IN}\n{solution}\n{body}" if solution else "")


def check(asked: Check, program: Program, allowed: Settings) -> tuple[str, str, Outcome | None]:
    """Run a check to its end; the program answers its calls.

    Returns:
        `passed`, `failed`, `time_limit`, `starved`, or `broken` when the check itself cannot run or asks too
        much; what it says; and the program's outcome if the program is why it failed.
    """
    own_s, answers = 0.0, Answers(program, asked, allowed)
    outcomes = sandbox("check").run(asked.source, answers.rounds(), program.limits)
    while True:
        try:
            told = next(outcomes, None)
        except plain.NotPlainError as error:  # what the program gave fits by itself, but not among the others
            return "failed", str(error), None
        if told is None:
            return "broken", f"it calls the program more than {MAX_CALLS} times", None
        if told.status != "finished" or not isinstance(told.value, tuple):
            return ("starved" if told.status == "starved" else "broken"), told.detail, None
        own_s += told.cpu_s
        if own_s > allowed.total_s:
            return "broken", "the check takes too long", None
        if overrun := program.overrun(allowed):
            return overrun, "all tests together took too long", None
        word, n_used, rest = told.value
        last = answers.outcomes[n_used - 1] if n_used else None
        if word != "ask":
            return word, rest, last if last and last.status != "finished" else None
        failed = answers.answer(n_used, rest)
        if failed:
            return "failed", failed.detail, failed


@dataclass
class Answers:
    """What the program gave for calls of a check, in their order."""

    program: Program
    check: Check
    allowed: Settings
    given: list[tuple[Call | None, str, Any]] = field(default_factory=list)
    """The call, if it was only expected; `returns` or `raises`; the value, or the name of the exception."""
    outcomes: list[Outcome] = field(default_factory=list)

    def rounds(self) -> Iterator[Test]:
        """Tests of the check, each with all answers so far."""
        while len(self.given) <= MAX_CALLS:
            arguments = [list(self.check.names), self.given]
            yield Test(expression="_round(_check, arguments)", arguments=arguments, name="check")

    def answer(self, n_used: int, call: Call) -> Outcome | None:
        """Answer a call and those that will follow; returns the outcome of a program that did not survive."""
        del self.given[n_used:], self.outcomes[n_used:]
        outcome = self._ask(call, None)
        if outcome.status not in ("finished", "exception"):
            return outcome
        if n_used < FEW_CALLS or not self.check.known:
            return None
        coming = recorded(self.check.known, self.check.names, self.program.limits)
        if n_used < len(coming) and coming[n_used] == call:
            for expected in coming[n_used + 1 : 2 * n_used + 2]:
                asked = self._ask(expected, expected)
                if asked.status not in ("finished", "exception") or self.program.overrun(self.allowed):
                    break
        return None

    def _ask(self, call: Call, expected: Call | None) -> Outcome:
        name, args, kwargs = call
        test = Test(expression=CALL.format(name=name), arguments=[args, kwargs], name="program")
        outcome = self.program.ask(test)
        if outcome.status in ("finished", "exception"):
            raised = outcome.status == "exception"
            kind, value = ("raises", _builtin(outcome.detail)) if raised else ("returns", outcome.value)
            self.given.append((expected, kind, value))
            self.outcomes.append(outcome)
        return outcome


@lru_cache(maxsize=4)
def recorded(source: str, names: tuple[str, ...], limits: Limits) -> list[Call]:
    """The calls of a check of a known solution; empty when they are not plain."""
    test = Test(expression="_record(_check, arguments)", arguments=list(names), name="check")
    told = next(sandbox("record").run(source, [test], limits))
    return told.value if told.status == "finished" and isinstance(told.value, list) else []


def _builtin(detail: str) -> str:
    """The builtin exception that stands for what the program raised."""
    kind = getattr(builtins, detail.partition(":")[0], None)
    return kind.__name__ if isinstance(kind, type) and issubclass(kind, Exception) else "Exception"
