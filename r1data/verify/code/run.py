"""Running a program against the tests of its problem, in a worker process, until the first that fails."""

from dataclasses import replace
from typing import Any

from r1data.errors import SandboxError
from r1data.verify.code.case import Result, predict, run_case
from r1data.verify.code.extract import chosen, predicted
from r1data.verify.code.problem import BadReferenceError, Called, Predicted, Printed, Problem, problem
from r1data.verify.code.session import Program, sandbox, whole
from r1data.verify.code.settings import Settings, settings
from r1data.verify.verdict import Verdict, right, unknown, wrong

OURS = ("starved", "bad_reference")
"""Reasons for which a test was not passed and that say nothing of the program."""
EVIDENCE_CHARS = 160


def work(blocks: list[str], fenced: bool, reference: str, args: dict[str, Any]) -> Verdict:
    """Judge a program.

    Args:
        blocks: candidates, as `extract.programs` gives them.
        fenced: whether they stood in fences.
        reference, args: as for `verify`.
    """
    try:
        asked, allowed = problem(reference, args), settings(args)
    except BadReferenceError:
        return unknown("bad_reference")
    try:
        verdict = _judge(blocks, fenced, asked, allowed)
        backend = sandbox("program").backend
    except SandboxError:
        return unknown("no_sandbox")
    if verdict.reason == "syntax_error" and not fenced:
        verdict = wrong("no_answer")  # prose
    return replace(verdict, sandbox=backend)


def _judge(blocks: list[str], fenced: bool, asked: Problem, allowed: Settings) -> Verdict:
    first, n = asked.cases[0], len(asked.cases)
    if isinstance(first, Predicted):
        return _verdict(predict(predicted(blocks[-1], first, fenced=fenced), first, allowed), 1, 1)
    text = whole(chosen(blocks, asked.names), asked, prelude=isinstance(first, Called))
    longest = max((len(case.wanted) for case in asked.cases if isinstance(case, Printed)), default=0)
    with Program(text, allowed.limits(longest)) as program:
        for number, case in enumerate(asked.cases, 1):
            result = run_case(program, case, asked, allowed)
            if result.reason == "passed" and (overrun := program.overrun(allowed)):
                result = Result(overrun, "all tests together took too long")
            if result.reason != "passed":
                return _verdict(result, number, n)
    return _verdict(Result("passed"), n, n)


def _verdict(result: Result, number: int, n: int) -> Verdict:
    if result.reason == "passed":
        return right("passed", f"{n} tests" if n > 1 else "1 test")
    told = f"test {number} of {n}: {result.detail}".encode(errors="backslashreplace").decode()
    told = told[:EVIDENCE_CHARS].rstrip(": ")
    return unknown(result.reason, told) if result.reason in OURS else wrong(result.reason, told)
