"""The vocabulary of reasons is closed, and documented whole."""

import ast
import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

from r1data.curate import select
from r1data.paths import PROJECT

Make = Callable[..., Any]
DOCS = (PROJECT / "docs" / "corpus.md").read_text(encoding="utf-8")
WORD = r"[a-z]+:(?:[a-z_]+|\{\})"


def written() -> set[str]:
    """Reasons that stand in the source of the selection."""
    strings = (
        node.value
        for node in ast.walk(ast.parse(inspect.getsource(select)))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return {text for text in strings if re.fullmatch(WORD, text)}


def test_every_reason_is_documented(make_recipe: Make) -> None:
    rules = {word for rule in select.rules(make_recipe()) for word in re.findall(rf'"({WORD})"', str(rule))}
    assert {"readability:repetition", "language:mixed_language"} <= rules
    named = {word.replace("{}", "…") for word in rules | written()}
    assert {word for word in named if f"`{word}`" not in DOCS} == set()


def test_no_documented_reason_is_made_up(make_recipe: Make) -> None:
    rows = [line.split("|")[1] for line in DOCS.splitlines() if line.startswith("| `")]
    documented = {word for row in rows for word in re.findall(r"`([a-z]+:[a-z_]+)`", row)}
    said = "".join(map(str, select.rules(make_recipe()))) + " ".join(written())
    said += " verification:unverified format:unverified"
    assert {word for word in documented if word not in said} == set()
    assert len(documented) > 15


@pytest.mark.parametrize("stage", ["generation", "contamination", "verification", "format"])
def test_a_stage_with_words_of_its_own_is_documented_as_one(stage: str) -> None:
    assert f"`{stage}:…`" in DOCS
