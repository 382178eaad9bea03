"""Programs, judged by tests: asserts, a check function, printed text, calls with JSON, or one value.

The program runs in a sandbox (`r1data.verify.sandbox`) and never sees what is expected: it gives text or
plain values, and those are compared in the worker. So an object that equals everything, an early exit and a
forged report pass nothing. Tests run in order until the first fails; the program is compiled once and starts
anew for each.

`args`: `checker` (tokens, exact, float) and `tolerance` as `compare` tells, `fn_name` where the reference
lacks it, `timeout_s` and `memory_mb` per test, `total_s` for all tests (CPU seconds).

What it does not protect against: a program made for the very tests; tests that are few or wrong (`quality`).
"""

import sys
from typing import Any

from r1data.verify.code.compare import CHECKERS
from r1data.verify.code.extract import programs
from r1data.verify.code.problem import BadReferenceError, load
from r1data.verify.code.quality import probes, written
from r1data.verify.code.run import work
from r1data.verify.code.session import use_backend
from r1data.verify.code.settings import settings
from r1data.verify.verdict import Deferred, Verdict, unknown, wrong

SANDBOX = "sandbox-1"
VERSION = f"code-1+{SANDBOX}+python{sys.version_info.major}.{sys.version_info.minor}"


def verify(completion: str, reference: str | None, args: dict[str, Any]) -> Verdict | Deferred:
    """Find the program of a completion; the worker runs it.

    Of a verdict, `extracted` says which test failed and how, or how many passed.
    """
    try:
        load(reference)
        limits = settings(args)
    except BadReferenceError:
        return unknown("bad_reference")
    found = programs(completion)
    if found is None:
        return wrong("no_answer")
    asked = {"blocks": found.blocks, "fenced": found.fenced, "reference": reference, "args": args}
    return Deferred(asked, wall_s=limits.patience_s)


__all__ = ["CHECKERS", "VERSION", "probes", "use_backend", "verify", "work", "written"]
