"""The house rules, read off the sources: sizes, docstrings, annotations, imports, names."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
CODE = ("r1data", "assets")
PYTHON = sorted(path for top in (*CODE, "tests", "bench", "docs") for path in (PROJECT / top).rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in PYTHON}
Function = ast.FunctionDef | ast.AsyncFunctionDef

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 60
# Bracketed letters keep this file from naming what it looks for.
NOT_OURS = re.compile(
    r"/wor[k]/\w|/tmp/de[v]\b|/opt/pyp[i]|pypi\.or[g]|pythonhoste[d]|download\.pytorc[h]|pypi\.nvidi[a]"
)
HEAVY = ("dagster", "torch", "transformers", "vllm", "numba")
RUNS_HEAVY = {
    *(f"r1data.train.{name}" for name in ("child", "failing", "finish", "parallel")),
    *(f"r1data.train.{name}" for name in ("grpo", "reward_model", "sft")),
    *(f"r1data.curate.decontaminate.{name}" for name in ("compose", "kernels", "match", "tokens")),
    "r1data.curate.readability.kernels",
    *(f"r1data.curate.dedup.{name}" for name in ("kernels", "row_kernels", "primitives", "words")),
}
"""Modules that exist to run a heavy library, as those named `…_child` do; nothing else imports them."""

IMPORT_ALL = """
import importlib, pkgutil, sys
import r1data

exempt, heavy = set(sys.argv[1].split()), sys.argv[2].split()
found = [module.name for module in pkgutil.walk_packages(r1data.__path__, "r1data.")]
print(*found)
for name in found:
    if name in exempt or name.endswith(("_child", "__main__")):
        continue
    importlib.import_module(name)
    brought = [library for library in heavy if library in sys.modules]
    if brought:
        sys.exit(f"{name} brings in {' '.join(brought)}")
"""


def place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(PROJECT)}:{node.lineno} {node.name}"


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def in_code(path: Path) -> bool:
    return path.relative_to(PROJECT).parts[0] in CODE


def bases(node: ast.ClassDef) -> set[str]:
    return {ast.unparse(base).split("[")[0].split(".")[-1] for base in node.bases}


def public_names(tree: ast.Module) -> Iterator[tuple[Function | ast.ClassDef, ast.ClassDef | None]]:
    """Public classes, functions and methods, each method with its class."""
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node, None
            if isinstance(node, ast.ClassDef):
                methods = (item for item in node.body if isinstance(item, Function))
                yield from ((item, node) for item in methods if not item.name.startswith("_"))


def promised() -> set[str]:
    """Methods that a protocol documents; whoever keeps the promise need not repeat it."""
    classes = [node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    protocols = [node for node in classes if "Protocol" in bases(node)]
    return {method.name for node in protocols for method in functions(node) if ast.get_docstring(method)}


def unannotated(function: Function) -> bool:
    arguments = function.args
    named = [
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ]
    untyped = [arg.arg for arg in named if arg and arg.annotation is None and arg.arg not in ("self", "cls")]
    return bool(untyped) or function.returns is None


def committed_files() -> list[Path]:
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    if not (PROJECT / ".git").exists():
        pytest.skip("not a git checkout, so it is unknown which files belong to the project")
    listed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    return [PROJECT / name for name in listed.split("\0") if name and (PROJECT / name).is_file()]


def test_no_python_file_is_longer_than_300_lines():
    lengths = {
        str(path.relative_to(PROJECT)): len(path.read_text(encoding="utf-8").splitlines()) for path in PYTHON
    }
    assert {path: n for path, n in lengths.items() if n > MAX_FILE_LINES} == {}


def test_no_function_is_longer_than_60_lines():
    found = (
        (path, node, node.end_lineno - node.lineno + 1) for path in PYTHON for node in functions(TREES[path])
    )
    assert [f"{place(path, node)}: {n}" for path, node, n in found if n > MAX_FUNCTION_LINES] == []


def test_every_public_name_has_a_docstring():
    kept = promised()
    code = [path for path in PYTHON if in_code(path)]
    missing = [
        place(path, node)
        for path in code
        for node, owner in public_names(TREES[path])
        if not ast.get_docstring(node) and not (owner and node.name in kept)
    ]
    missing += [
        str(path.relative_to(PROJECT))
        for path in code
        if TREES[path].body and not ast.get_docstring(TREES[path])
    ]
    assert missing == []


def test_every_function_is_annotated():
    code = [path for path in PYTHON if in_code(path)]
    assert [place(path, node) for path in code for node in functions(TREES[path]) if unannotated(node)] == []


def test_importing_the_library_loads_no_heavy_one():
    command = [sys.executable, "-c", IMPORT_ALL, " ".join(RUNS_HEAVY), " ".join(HEAVY)]
    run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert set(run.stdout.split()) >= RUNS_HEAVY, "an exempt module does not exist"


def test_no_file_names_a_machine_of_its_makers():
    found = []
    for path in committed_files():
        lines = path.read_bytes().decode("utf-8", errors="replace").splitlines()
        found += [
            f"{path.relative_to(PROJECT)}:{n} {m[0]}"
            for n, line in enumerate(lines, 1)
            for m in NOT_OURS.finditer(line)
        ]
    assert found == []


def test_every_sql_file_begins_with_its_question():
    files = sorted((PROJECT / "sql").rglob("*.sql"))
    assert files
    silent = [path for path in files if not re.match(r"-- \S", path.read_text(encoding="utf-8"))]
    assert [str(path.relative_to(PROJECT)) for path in silent] == []
