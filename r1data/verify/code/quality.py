"""Whether the tests of a problem tell right programs from wrong ones.

A known solution must pass; known wrong ones and a program that does nothing must fail. Otherwise no verdict
on the problem means anything: it is `unverifiable`. A problem without a known solution stays usable as long
as the empty program fails: nothing speaks against it, and nothing for it.
"""

from typing import Any

from r1data.verify.code.problem import BadReferenceError, Predicted, known, problem
from r1data.verify.verdict import Probe

MAX_WRONG = 3
"""Known wrong programs that are run."""


def written(reference: str, args: dict[str, Any]) -> str:
    """The known solution of a reference as the answer of a completion; empty without one."""
    try:
        solutions = known(reference).right
    except BadReferenceError:
        return ""
    return _block(solutions[0]) if solutions else ""


def probes(reference: str, args: dict[str, Any]) -> list[Probe]:
    """What the tests of a reference must tell apart.

    Of several known solutions the first is asked, for data sets ship thousands. A reference that cannot be
    read has one probe, which finds that out.
    """
    try:
        asked, programs = problem(reference, args), known(reference)
    except BadReferenceError:
        return [_probe("pass", right=True)]
    good = [_probe(code, right=True) for code in programs.right[:1]]
    if isinstance(asked.cases[0], Predicted):
        return [*good, _probe("None", right=False)] if asked.cases[0].wanted.strip() != "None" else good
    # All names at once, so that the program fails for what its functions return and not for what is missing.
    heads = [f"def {name}(*args, **kwargs):\n    return None\n" for name in sorted(asked.names)]
    bad = [*programs.wrong[:MAX_WRONG], "".join(heads) or "pass\n"]
    return [*good, *(_probe(code, right=False) for code in bad)]


def _probe(code: str, *, right: bool) -> Probe:
    return Probe(f"<think>\nKnown.\n</think>\n\n{_block(code)}", right)


def _block(code: str) -> str:
    fence = "`" * 3 if "```" not in code else "~" * 5
    return f"{fence}python\n{code.rstrip()}\n{fence}"
