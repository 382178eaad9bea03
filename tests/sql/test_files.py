"""Every file of `sql/` says what it asks, and runs before the first night and after one."""

import re
from collections.abc import Callable
from typing import TypeAlias

import duckdb
import polars as pl
import pytest

from r1data.paths import PROJECT
from r1data.train.mix_kinds import kind_of
from r1data.train.mix_parameters import DRAWING, declared

# As text: Hypothesis keeps test modules alive, and DuckDB complains of types that outlive it.
Connection: TypeAlias = "duckdb.DuckDBPyConnection"
Ask = Callable[[Connection, str], pl.DataFrame]
SQL = PROJECT / "sql"
FILES = sorted(str(file.relative_to(SQL)) for file in SQL.rglob("*.sql"))
MIXES = [file for file in FILES if file.startswith("mixes/")]
QUIET = (
    "questions/disagreeing_verifiers.sql",
    "questions/marks.sql",
    "views/hard_prompts.sql",
    "views/current_preferences.sql",
    "mixes/hard_only.sql",
    "mixes/preferred.sql",
    "mixes/strict.sql",
)
"""What finds nothing in a night as it should be."""
CONSTANT = ("views/r1_prompts.sql", "questions/counts_beside_r1.sql")
"""What holds before any night too."""


def test_there_are_views_questions_and_mixes() -> None:
    assert {file.split("/")[0] for file in FILES} == {"views", "questions", "mixes"}


@pytest.mark.parametrize("file", FILES)
def test_a_file_begins_with_its_question_and_holds_one_lower_case_select(file: str) -> None:
    text = (SQL / file).read_text(encoding="utf-8")
    assert re.match(r"-- [A-Z].*\?", text)
    assert not re.search(r"\b(SELECT|FROM|WHERE|WITH|JOIN)\b", text)
    assert ";" not in text
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize("file", FILES)
def test_a_file_runs_before_the_first_night(file: str, empty: Connection, ask: Ask) -> None:
    assert ask(empty, file).is_empty() == (file not in CONSTANT)


@pytest.mark.parametrize("file", [file for file in FILES if file not in QUIET])
def test_a_file_finds_something_after_a_night(file: str, night: Connection, ask: Ask) -> None:
    assert not ask(night, file).is_empty()


def test_a_verifier_that_changed_its_mind_is_found(night: Connection, ask: Ask) -> None:
    changed = ask(night, "questions/disagreeing_verifiers.sql")
    assert changed.select("rollout_id", "older_verdict", "newer_verdict").rows() == [
        ("a", "wrong", "right"),
        ("b", "wrong", "right"),
        ("d", "wrong", "unknown"),
        ("e", "wrong", "right"),
    ]


@pytest.mark.parametrize("file", MIXES)
def test_a_mix_has_the_columns_of_a_kind_and_uses_every_parameter_that_it_declares(
    file: str, night: Connection, ask: Ask
) -> None:
    text = (SQL / file).read_text(encoding="utf-8")
    (statement,) = night.extract_statements(text)
    assert kind_of(ask(night, file).columns)
    assert statement.named_parameters == {"recipe", *set(declared(file, text)) - set(DRAWING)}
