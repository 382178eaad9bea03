"""The tests of a reference: JSON text in one of the forms that data sets ship, told apart by its keys.

| form | shape |
|---|---|
| asserts (MBPP) | lines, or `{"test_list": […], "test_setup_code": "", "challenge_test_list": […]}` |
| check (HumanEval) | `{"prompt": "", "test": "def check(candidate): …", "entry_point": "f"}` |
| printed text (APPS, CodeContests) | `{"inputs": ["…"], "outputs": ["…"]}`, also below `input_output` |
| calls (APPS, TACO) | the same with `"fn_name": "f"`; an input is a list of arguments |
| LiveCodeBench | `{"tests": [{"input": "…", "output": "…", "testtype": "…"}]}`, functions in `metadata` |
| by type | `{"tests": [{"type": "function_call", "fn_name": "f", "input": [1], "output": [2]}]}` |
| one value (CRUXEval) | `{"code": "def f…", "input": "…", "output": "…", "mode": "output"}`, or `input` |

Known programs ride along: `code`, `solution`, `solutions` or `canonical_solution`, and `wrong_solutions`.

Not read: private tests of LiveCodeBench as pickles, since unpickling runs code; they are a bad reference.
"""

import json
import re
from dataclasses import dataclass, field, replace
from keyword import iskeyword
from typing import Any

from r1data.verify.code.asserts import Assertion, assertion

SELF_CALL = re.compile(r"^check\([\w.]+\)\s*$", re.MULTILINE)
"""Some copies of HumanEval end in the call of the check, which is ours to make."""
LISTS = ("test_list", "challenge_test_list", "tests", "inputs", "outputs", "solutions", "wrong_solutions")


class BadReferenceError(ValueError):
    """A reference that holds no tests that can be read."""


@dataclass(frozen=True)
class Printed:
    """The program reads `stdin` and prints `wanted`."""

    stdin: str
    wanted: str


@dataclass(frozen=True)
class Called:
    """The function `name`, or that method of `class Solution`, gives one of `wanted` for the arguments."""

    name: str
    arguments: list[Any]
    wanted: list[Any]


@dataclass(frozen=True)
class Checked:
    """`check(candidate)` in `source` raises nothing; `name` is the candidate."""

    source: str
    name: str


@dataclass(frozen=True)
class Predicted:
    """The answer is no program but a value: what `code` gives for `given`, or arguments for which it gives
    it.
    """

    code: str
    name: str
    """The function in `code`."""
    wanted: str
    """Expression of what the function gives."""
    given: str
    """Its arguments, as they are written between its brackets."""
    backward: bool
    """Whether arguments are asked for."""


Case = Printed | Called | Checked | Assertion | Predicted


@dataclass(frozen=True)
class Problem:
    """All tests of one reference."""

    cases: list[Case]
    setup: str = ""
    """Statements for the asserts; run after the program."""
    prompt: str = ""
    """Beginning of the program (HumanEval): imports, helpers, signature and docstring."""
    solution: str = ""
    """A known program; empty without one."""

    @property
    def names(self) -> set[str]:
        """What the tests use of the program."""
        found = set[str]()
        for case in self.cases:
            if isinstance(case, Assertion):
                found |= set(case.names)
            elif isinstance(case, Called | Checked):
                found.add(case.name)
        return found


@dataclass(frozen=True)
class Known:
    """Programs whose verdict is known beforehand."""

    right: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def load(reference: str | None) -> dict[str, Any]:
    """The JSON of a reference, when its shape is known.

    Raises:
        BadReferenceError: it is not JSON or of no known shape.
    """
    try:
        data = json.loads(reference or "")
        if isinstance(data, dict) and isinstance(data.get("input_output"), str | dict | list):
            inner = data["input_output"]
            inner = json.loads(inner) if isinstance(inner, str) else inner
            data = data | inner if isinstance(inner, dict) else inner
    except (ValueError, RecursionError) as error:
        raise BadReferenceError(f"not JSON: {error}") from None
    if isinstance(data, dict):  # a list may be JSON text again, as in a cell of a CSV file
        data = {key: _list(value) if key in LISTS else value for key, value in data.items()}
    if isinstance(data, list):
        data = {"tests": data} if data and isinstance(data[0], dict) else {"test_list": data}
    known = isinstance(data, dict) and (
        any(isinstance(data.get(key), list) and data[key] for key in ("test_list", "tests"))
        or (isinstance(data.get("test"), str) and isinstance(data.get("entry_point"), str))
        or all(isinstance(data.get(key), list) and data[key] for key in ("inputs", "outputs"))
        or all(isinstance(data.get(key), str) for key in ("code", "input", "output"))
    )
    if not known:
        raise BadReferenceError("no tests of a known form")
    return data


def _list(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def problem(reference: str | None, args: dict[str, Any] | None = None) -> Problem:
    """Read the tests of a reference; `args` may name the function (`fn_name`).

    Raises:
        BadReferenceError: some of it cannot be read.
    """
    data = load(reference)
    try:
        found = _problem(data, args or {})
        return replace(found, solution=next(iter(_known(data).right), ""))
    except (
        SyntaxError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        RecursionError,
        MemoryError,
    ) as error:
        raise BadReferenceError(str(error)) from error


def known(reference: str) -> Known:
    """The known programs of a reference; of a value that is asked for, the value.

    Raises:
        BadReferenceError: it is not JSON or of no known shape.
    """
    data = load(reference)
    try:
        return _known(data)
    except (ValueError, TypeError) as error:
        raise BadReferenceError(str(error)) from error


def _known(data: dict[str, Any]) -> Known:
    if _form(data) == "value":
        backward = data.get("mode") == "input"
        return Known([f"{_value_name(data)}({data['input']})" if backward else data["output"]])
    right = [text for key in ("solutions", "code", "solution") for text in _texts(data.get(key))]
    right += [str(data.get("prompt") or "") + text for text in _texts(data.get("canonical_solution"))]
    return Known(right, _texts(data.get("wrong_solutions")))


def _form(data: dict[str, Any]) -> str:
    forms = {"test_list": "asserts", "tests": "tests", "test": "check", "inputs": "pairs"}
    return next((form for key, form in forms.items() if data.get(key)), "value")


def _problem(data: dict[str, Any], args: dict[str, Any]) -> Problem:
    form = _form(data)
    if form == "asserts":
        setup = data.get("test_setup_code") or "\n".join(_texts(data.get("test_imports")))
        lines = [*data["test_list"], *(data.get("challenge_test_list") or [])]
        return Problem([case for line in lines for case in assertion(line, setup)], setup)
    if form == "tests":
        return Problem([_lived(test, data, args) for test in data["tests"]])
    if form == "check":
        source = SELF_CALL.sub("", data["test"])
        return Problem([Checked(source, _name(data["entry_point"]))], prompt=data.get("prompt") or "")
    if form == "value":
        backward = data.get("mode") == "input"
        wanted, given = data["output"], data["input"]
        return Problem([Predicted(data["code"], _value_name(data), wanted, given, backward)])
    pairs = list(zip(data["inputs"], data["outputs"], strict=True))
    if name := data.get("fn_name") or args.get("fn_name"):
        return Problem([_called(_name(name), given, wanted) for given, wanted in pairs])
    return Problem([Printed(_joined(given), _joined(wanted)) for given, wanted in pairs])


def _value_name(data: dict[str, Any]) -> str:
    return _name(data.get("entry_point") or "f")


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str) and text.strip()]


def _name(name: Any) -> str:
    last = name.rpartition(".")[2] if isinstance(name, str) else ""
    if not last.isidentifier() or iskeyword(last):
        raise ValueError(f"{name!r} names no function")
    return last


def _joined(text: Any) -> str:
    return "\n".join(str(line) for line in text) if isinstance(text, list) else str(text)


def _called(name: str, given: Any, wanted: Any) -> Called:
    """Keys that JSON made into text are numbers again, and APPS may wrap a result into a list."""
    if not isinstance(given, list):
        raise ValueError("an input is a list of arguments")
    choices = [wanted, *([wanted[0]] if isinstance(wanted, list) and len(wanted) == 1 else [])]
    return Called(name, [_numbered(value) for value in given], choices)


def _numbered(value: Any) -> Any:
    if isinstance(value, dict) and value and all(key.lstrip("-").isdecimal() for key in value):
        return {int(key): inner for key, inner in value.items()}
    return value


def _lived(test: dict[str, Any], data: dict[str, Any], args: dict[str, Any]) -> Case:
    kind = test.get("testtype") or test.get("type")
    if kind not in ("functional", "function_call"):
        return Printed(_joined(test["input"]), _joined(test["output"]))
    metadata = test.get("metadata") or data.get("metadata") or {}
    metadata = json.loads(metadata) if isinstance(metadata, str) else metadata
    named = (test.get("fn_name"), metadata.get("func_name"), data.get("fn_name"), args.get("fn_name"))
    name = _name(next(filter(None, named), None))
    if isinstance(test["input"], list):
        return _called(name, test["input"], test["output"])
    given = [json.loads(line) for line in test["input"].split("\n") if line.strip()]
    return Called(name, given, [json.loads(test["output"])])
