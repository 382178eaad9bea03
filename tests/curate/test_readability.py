"""Repetition, paragraphs, code blocks and tags."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1data.curate.readability import VERSION, readability, thought
from r1data.schema.facts import READABILITY
from r1data.text import is_well_formed, split


def measured(completion: str) -> dict[str, Any]:
    trace = pl.LazyFrame({"night": ["n"], "rollout_id": ["a"], "completion": [completion]})
    facts = readability(trace).collect()
    assert facts.schema == READABILITY.schema
    return facts.row(0, named=True)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("", 0.0),
        ("one two three", 0.0),
        ("a b c d e f g", 0.0),
        ("a b c d A, B c d", 1 / 5),
        ("no no no no no no no", 3 / 4),
        ("<think>a b c d</think>e", 0.0),
        ("A b c d, a b c d!", 1 / 5),
        ("一二三四一二三四", 1 / 5),
    ],
)
def test_repetition_is_the_share_of_four_word_runs_that_occurred_before(text: str, share: float) -> None:
    assert measured(text)["repetition"] == pytest.approx(share)


def test_an_answer_without_a_thought_has_neither_paragraphs_nor_code_of_a_thought() -> None:
    fact = measured("A long answer.\n```py\nx\n```")
    assert (fact["longest_paragraph_chars"], fact["n_code_blocks"], fact["n_tag_errors"]) == (0, 0, 2)


def test_paragraphs_of_the_thought_end_at_blank_lines() -> None:
    text = "<think>\none\ntwo\n \nlonger 天天天\n\n</think>\nan answer that is longer than any of them"
    assert measured(text)["longest_paragraph_chars"] == len("longer 天天天")


@pytest.mark.parametrize(
    ("thinking", "n"),
    [
        ("```py\nx\n```\ntext\n  ```\ny\n  ```", 2),
        ("say ```x``` inline", 0),
        ("~~~\nx\n~~~", 1),
        ("```\nleft open", 1),
    ],
)
def test_fenced_code_blocks_of_the_thought_are_counted(thinking: str, n: int) -> None:
    assert measured(f"<think>{thinking}</think>```\nthe answer's own\n```")["n_code_blocks"] == n


@pytest.mark.parametrize(
    ("completion", "n"),
    [
        ("<think>a</think>b", 0),
        (" \n<think>a</think>b", 0),
        ("a</think>b", 1),
        ("<think>a", 1),
        ("a", 2),
        ("Sure: <think>a</think>b", 1),
        ("<think>a<think>b</think>c", 1),
        ("<think>a</think>b</think>c", 1),
        ("</think><think>", 2),
    ],
)
def test_tag_errors_are_counted(completion: str, n: int) -> None:
    assert measured(completion)["n_tag_errors"] == n


TEXTS = st.lists(st.sampled_from(["<think>", "</think>", "a", " ", "\n\n"]), max_size=6).map("".join)


@settings(deadline=None)
@given(TEXTS)
def test_a_well_formed_completion_has_no_tag_errors_and_any_other_lacks_text_or_has_some(
    completion: str,
) -> None:
    right = measured(completion)["n_tag_errors"] == 0 and all(split(completion))
    assert right == is_well_formed(completion)


@settings(deadline=None)
@given(TEXTS)
def test_the_thought_is_the_one_that_is_stored(completion: str) -> None:
    reasoning, _ = split(completion)
    found = pl.select(thought(pl.lit(completion))).item()
    assert (found.strip() if found is not None else None) == reasoning


def test_the_facts_name_their_version_and_no_traces_give_no_facts() -> None:
    assert measured("x")["version"] == VERSION
    rows = pl.LazyFrame(schema={"night": pl.String, "rollout_id": pl.String, "completion": pl.String})
    assert readability(rows).collect().equals(READABILITY.empty())
