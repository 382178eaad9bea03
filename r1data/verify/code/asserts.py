"""What an assert line asks of the program, and what stays outside of it.

`assert L == R`, where L is a call of the program's (also a method, an item, or one of `list`, `sorted`, …
around it) is split: L runs in the program's sandbox, R never does. Every other assertion is a check: it runs
apart, and whatever it calls of the program is answered from the program's sandbox with plain values.

What cannot be expressed: a check on objects of the program's own classes, and on changes that a call makes
to its arguments; the program's value is then not plain, or the arguments stay as they were.
"""

import ast
import builtins
import warnings
from dataclasses import dataclass

WRAPPERS = frozenset(
    {"list", "sorted", "tuple", "set", "dict", "len", "sum", "str", "bool", "float", "int", "next"}
)
MODULES = ("math", "sys", "re", "collections", "itertools", "random", "cmath", "datetime", "string")
"""Asserts name these without importing them, since the reference solution does; a check imports them itself.
"""


@dataclass(frozen=True)
class Assertion:
    """One assertion of a list."""

    source: str
    """The whole statement."""
    asked: str = ""
    """Expression for the program; empty when the statement must run as a check."""
    wanted: str = ""
    """Expression that is evaluated apart from the program; equal to `asked`."""
    names: tuple[str, ...] = ()
    """What it uses of the program."""
    setup: str = ""
    """What of the setup `asked` needs; the rest could hold the answer."""


def parsed(text: str) -> ast.Module:
    """The tree of a text of ours; what Python warns of in it is not our caller's concern."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def assertion(line: str, setup: str = "") -> list[Assertion]:
    """The assertions of one entry of a list: usually one; statements around several make it one check.

    Raises:
        SyntaxError: it is not Python.
        ValueError: it asserts nothing.
    """
    tree = parsed(line.strip())
    if not any(isinstance(node, ast.Assert) for node in ast.walk(tree)):
        raise ValueError("a test asserts nothing")
    prepared = parsed(setup)
    around = _defined(prepared)
    if all(isinstance(statement, ast.Assert) for statement in tree.body):
        return [_assertion(statement, around | _defined(statement), prepared) for statement in tree.body]
    return [Assertion(line, names=_free(tree, around | _defined(tree)))]


def _assertion(statement: ast.stmt, own: set[str], setup: ast.Module) -> Assertion:
    text, names = ast.unparse(statement), _free(statement, own)
    test = statement.test if isinstance(statement, ast.Assert) else None
    if not names:  # then it calls what the program defines under the name of a builtin
        calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call)]
        names = tuple(call.func.id for call in calls[:1] if isinstance(call.func, ast.Name))
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
        for asked, wanted in ((test.left, test.comparators[0]), (test.comparators[0], test.left)):
            if _is_asked(asked, own, names) and not _free(wanted, own):
                needed = _needed(setup, asked)
                return Assertion(text, ast.unparse(asked), ast.unparse(wanted), names, needed)
    return Assertion(text, names=names)


def _is_asked(node: ast.expr, own: set[str], names: tuple[str, ...]) -> bool:
    """Whether an expression is a call of the program's, with nothing around it that may hold the answer."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in WRAPPERS - own - {*names}
    ):
        return len(node.args) == 1 and not node.keywords and _is_asked(node.args[0], own, names)
    called = False
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        called |= isinstance(node, ast.Call)
        node = node.func if isinstance(node, ast.Call) else node.value
    return called and isinstance(node, ast.Name) and node.id in names


def _needed(setup: ast.Module, asked: ast.expr) -> str:
    """The statements of a setup that change what an expression uses, directly or through each other."""
    kept, wanted = list[ast.stmt](), _used(asked)
    for statement in reversed(setup.body):
        changed = _defined(statement)
        for node in ast.walk(statement):  # also `x.left = …`, `x[0] = …` and `x.append(…)`
            if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.value, ast.Name):
                changed.add(node.value.id)
        if changed & wanted:
            kept.insert(0, statement)
            wanted |= _used(statement)
    return "\n".join(map(ast.unparse, kept))


def _used(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _defined(tree: ast.AST) -> set[str]:
    names = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.arg):
            names.add(node.arg)
    return names


def _free(tree: ast.AST, own: set[str]) -> tuple[str, ...]:
    """Names that only the program can mean, modules of the standard library apart."""
    used = _used(tree) - own - _defined(tree)
    return tuple(sorted(name for name in used if not hasattr(builtins, name) and name not in MODULES))
