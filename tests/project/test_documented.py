"""What a user can name is documented: verbs, registry entries, tables, make targets, settings."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from r1data.cli import app
from r1data.generate.engines import ENGINES
from r1data.prompts import SOURCES
from r1data.schema import TABLES
from r1data.train.exports import EXPORTS
from r1data.verify import VERIFIERS

PROJECT = Path(__file__).resolve().parents[2]
README = PROJECT / "README.md"
DOCS = "\n".join(
    path.read_text(encoding="utf-8") for path in (README, *sorted((PROJECT / "docs").rglob("*.md")))
)


def verbs(command: object, name: str) -> Iterator[str]:
    if isinstance(command, TyperGroup):
        for word, inner in command.commands.items():
            yield from verbs(inner, f"{name} {word}")
    else:
        yield name


def code_in(markdown: str) -> str:
    """The fenced blocks and the code spans; prose may say that we make something."""
    fences = re.findall(r"^```.*?^```", markdown, re.DOTALL | re.MULTILINE)
    return "\n".join(fences + re.findall(r"`([^`\n]+)`", markdown))


def targets() -> dict[str, str]:
    """What `make` alone prints: target to description."""
    printed = subprocess.run(
        ["make", "--no-print-directory"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    rows = (re.fullmatch(r"make (\S+) +(\S.*)", line) for line in printed.stdout.splitlines())
    return {row[1]: row[2] for row in rows if row}


@pytest.mark.parametrize("verb", list(verbs(typer.main.get_command(app), "r1data")))
def test_a_verb_is_documented(verb):
    assert re.search(rf"\b{verb}\b", DOCS)


@pytest.mark.parametrize("name", [*SOURCES, *ENGINES, *VERIFIERS, *TABLES, *EXPORTS])
def test_a_registered_name_is_documented_as_code(name):
    assert f"`{name}`" in DOCS


def test_make_prints_the_targets_and_the_readme_names_only_those():
    named = set(re.findall(r"\bmake ([a-z]+)\b", code_in(README.read_text(encoding="utf-8"))))
    assert {"install", "demo", "test", "ui", "lint"} <= set(targets())
    assert {"demo", "test", "ui"} <= named
    assert named <= set(targets())


def test_ci_runs_what_the_readme_prints():
    ran = set(
        re.findall(r"^part (make \w+)$", (PROJECT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert ran >= {"make test", "make demo"}
    assert {command for command in ran if command not in code_in(README.read_text(encoding="utf-8"))} == set()
