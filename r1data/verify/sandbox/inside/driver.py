"""The test process, after it was locked in: runs the program, then what the test asks for, and reports.

It shares its memory with foreign code, so nothing it says is trusted further than "the program could have
returned this". What a test asks for after the program, and the word that proves the end was reached, are
read from a descriptor when the program has ended: before, they are in no object of this process.
"""

import atexit
import builtins
import io
import json
import os
import random
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

from . import plain

RESULT, ASKED = 3, 4
"""Descriptors: where the report goes, and where the rest of the test lies."""
NONCE_BYTES = 32
MAX_DETAIL = 300
SEED = 0
"""Programs that draw without a seed of their own draw the same numbers every time, so verdicts repeat."""
LOCKED_IN = b"L"
"""Reported before any foreign code runs: a test process that ends without it is our failure."""
Report = dict[str, Any]


def open_streams() -> None:
    """Standard streams of the program, as `python` would make them with UTF-8."""
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8", "surrogateescape")
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(1, "w", closefd=False)), "utf-8", "surrogateescape"
    )
    sys.stderr = io.TextIOWrapper(
        io.FileIO(2, "w", closefd=False), "utf-8", "backslashreplace", write_through=True
    )
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr


def drive(
    code: types.CodeType,
    name: str,
    *,
    run: Callable = exec,
    evaluate: Callable = eval,
    translate: Callable = compile,
    leave: Callable = os._exit,
) -> None:
    """Run the program and its test, report, and end the process.

    The builtins are parameters, so that a program that replaces them still fails honestly.
    """
    random.seed(SEED)  # a fork draws a seed of its own
    os.write(RESULT, LOCKED_IN)
    module = types.ModuleType(name)
    namespace = module.__dict__
    namespace["__builtins__"] = builtins
    sys.modules[name] = module
    report = _attempt(lambda: run(code, namespace))
    asked = json.loads(_read_asked())
    wants = bool(asked["setup"]) or asked["expression"] is not None
    if report and report["status"] == "exited" and not wants:
        report = {"status": "finished", "detail": report["detail"]}
    elif report is None and asked["setup"]:
        report = _attempt(lambda: run(translate(asked["setup"], "<setup>", "exec"), namespace))
    if report is None and asked["expression"] is not None:
        report = _attempt(lambda: _evaluate(asked, namespace, evaluate, translate))
    if asked["expression"] is None:
        report = report or _attempt(_finish) or {"status": "finished"}
    for stream in (sys.stdout, sys.__stdout__):
        _attempt(stream.flush)  # a program may have closed or replaced it
    _send(report or {"status": "finished"})
    leave(0)


def _evaluate(asked: dict, namespace: dict, evaluate: Callable, translate: Callable) -> Report:
    namespace["arguments"] = plain.decode(asked["arguments"])
    value = evaluate(translate(asked["expression"].strip(), "<expression>", "eval"), namespace)
    try:
        return {"status": "finished", "value": plain.encode(value)}
    except plain.NotPlainError as error:
        return {"status": "not_plain", "detail": str(error)[:MAX_DETAIL]}


def _finish() -> None:
    """What an ordinary end does: wait for threads, run what was registered, write out what is buffered."""
    threading._shutdown()
    atexit._run_exitfuncs()


def _attempt(work: Callable[[], Report | None]) -> Report | None:
    """What `work` returns, or the report of how it ended."""
    try:
        return work()
    except SystemExit as end:
        return {"status": "exited", "detail": _told(end)}
    except MemoryError as error:
        return {"status": "memory_limit", "detail": _told(error)}
    except BaseException as error:  # a program may raise anything
        return {"status": "exception", "detail": _told(error)}


def _told(error: BaseException) -> str:
    """Type and message of an exception; the message is foreign code."""
    try:
        message = str(error)
    except BaseException:
        message = "(its message cannot be read)"
    return f"{type(error).__name__}: {message}"[:MAX_DETAIL]


def _read_asked() -> bytes:
    parts, offset = [], NONCE_BYTES
    while part := os.pread(ASKED, 1 << 20, offset):
        parts.append(part)
        offset += len(part)
    return b"".join(parts)


def _send(report: Report) -> None:
    data = memoryview(os.pread(ASKED, NONCE_BYTES, 0) + json.dumps(report).encode())
    while data:
        data = data[os.write(RESULT, data) :]
