"""One test of a problem: the program gives text or a value, and it is compared here, outside the sandbox."""

import ast
import warnings
from dataclasses import dataclass
from typing import Any

from r1data.verify.code import checker, compare
from r1data.verify.code.asserts import MODULES, Assertion
from r1data.verify.code.problem import Called, Case, Checked, Predicted, Printed, Problem
from r1data.verify.code.session import Program, sandbox
from r1data.verify.code.settings import Settings
from r1data.verify.sandbox import Outcome, Test

REASON = {
    "syntax_error": "syntax_error",
    "exception": "runtime_error",
    "killed": "runtime_error",
    "exited": "early_exit",
    "cpu_limit": "time_limit",
    "wall_limit": "time_limit",
    "memory_limit": "memory_limit",
    "output_limit": "output_limit",
    "not_plain": "not_plain",
    "starved": "starved",
}
"""Reason of a verdict by the status of an outcome that did not finish."""
CALLED = "({name} if {name!r} in globals() else Solution().{name})(*arguments)"
RECORDER = "def {name}(*args, **kwargs):\n    return 'called', args, kwargs\n"
"""Stands for the function whose arguments are asked for: they are values before the function sees them."""


@dataclass(frozen=True)
class Result:
    """How one test went."""

    reason: str
    """A word of REASONS; `passed` when it did."""
    detail: str = ""


def run_case(program: Program, case: Case, asked: Problem, allowed: Settings) -> Result:
    """Run one test of a problem; `Predicted` has no program and is for `predict`."""
    tolerance = 0.0 if allowed.checker == "exact" else allowed.tolerance
    match case:
        case Printed():
            told = program.ask(Test(stdin=case.stdin))
            if told.status != "finished":
                return _failed(told)
            return _result(told.stdout, compare.printed(told.stdout, case.wanted, allowed.checker, tolerance))
        case Called():
            expression = CALLED.format(name=case.name)
            told = program.ask(Test(expression=expression, arguments=case.arguments, name="program"))
            if told.status != "finished":
                return _failed(told)
            return _result(told.value, any(compare.same(told.value, one, tolerance) for one in case.wanted))
        case Checked():
            check = checker.for_function(case.source, case.name, asked.prompt, asked.solution)
            return _checked(program, check, allowed)
        case Assertion() if case.asked:
            known, wanted = _wanted(case.wanted, asked.setup, allowed)
            if not known:
                return _unreadable(case.wanted)
            told = program.ask(Test(setup=case.setup, expression=case.asked, name="program"))
            return _compared(told, wanted, allowed)
        case Assertion():
            check = checker.for_statements(case.source, case.names, asked.setup, asked.solution)
            return _checked(program, check, allowed)
    raise TypeError(f"no test of a program: {case}")


def predict(answer: str, case: Predicted, allowed: Settings) -> Result:
    """Judge a value that was told, or arguments that were: the answer is evaluated where the function is
    not.
    """
    known, wanted = _wanted(case.wanted, "", allowed)
    if not known:
        return _unreadable(case.wanted)
    alone = RECORDER.format(name=case.name) if case.backward else ""
    with Program(alone, allowed.limits()) as program:
        told = program.ask(Test(expression=answer, name="program"))
    if told.detail.startswith(("SyntaxError", "IndentationError")):
        return Result("syntax_error", told.detail)
    if told.status != "finished" or not case.backward:
        return _compared(told, wanted, allowed)
    match told.value:
        case ("called", tuple() as args, dict() as kwargs):
            pass
        case _:
            return Result("different", f"no call of {case.name}")
    with Program(case.code, allowed.limits()) as program:
        call = checker.CALL.format(name=case.name)
        told = program.ask(Test(expression=call, arguments=[list(args), kwargs], name="program"))
    return _compared(told, wanted, allowed)


def _failed(told: Outcome) -> Result:
    return Result(REASON[told.status], told.detail)


def _result(found: Any, equal: bool) -> Result:
    if equal:
        return Result("passed")
    try:
        return Result("different", f"gave {found!r:.120}")
    except ValueError:  # Python writes out no integer of thousands of digits
        return Result("different", "gave a large number")


def _compared(told: Outcome, wanted: Any, allowed: Settings) -> Result:
    """Python's `==`, unless the checker is `float`."""
    if told.status != "finished":
        return _failed(told)
    near = allowed.checker == "float" and compare.near(told.value, wanted, allowed.tolerance)
    return _result(told.value, near or bool(told.value == wanted))


def _unreadable(expression: str) -> Result:
    return Result("bad_reference", f"cannot evaluate {expression:.80}")


def _wanted(expression: str, setup: str, allowed: Settings) -> tuple[bool, Any]:
    """An expected value: read where it is written out, else worked out in the sandbox for checks."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return True, ast.literal_eval(expression)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        pass
    for more in dict.fromkeys((setup, "")):  # a setup may build on the program, which is not there
        source = f"import {', '.join(MODULES)}\n{more}"
        told = next(
            sandbox("check").run(source, [Test(expression=expression, name="check")], allowed.limits())
        )
        if told.status == "finished":
            return True, told.value
    return False, None


def _checked(program: Program, check: checker.Check, allowed: Settings) -> Result:
    word, detail, last = checker.check(check, program, allowed)
    if last is not None and word == "failed":
        return _failed(last)
    return Result({"failed": "different", "broken": "bad_reference"}.get(word, word), detail)
