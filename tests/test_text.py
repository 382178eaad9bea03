"""Where the thought is, and what numbers are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1data.text import Thought, is_well_formed, joined, numbers, split, thought, with_tags


@pytest.mark.parametrize(
    ("completion", "reasoning", "answer"),
    [
        ("<think>\na\n</think>\n\nb", "a", "b"),
        ("a</think>b", "a", "b"),  # the opening tag was prefilled
        ("<think>a", "a", None),  # cut off
        ("b", None, "b"),
        ("<think></think>", "", ""),
        ("<think>a</think>b</think>c", "a", "b</think>c"),
        ("", None, ""),
    ],
)
def test_a_completion_splits_into_thought_and_answer(
    completion: str, reasoning: str | None, answer: str | None
):
    assert split(completion) == (reasoning, answer)


def test_offsets_count_characters():
    assert thought("<think>é文</think>x") == Thought(7, 9, 17)


@pytest.mark.parametrize(
    ("completion", "well_formed"),
    [
        ("<think>a</think>b", True),
        ("  <think>a</think>b", True),
        ("x<think>a</think>b", False),
        ("a</think>b", False),
        ("<think>a", False),
        ("<think> </think>b", False),
        ("<think>a</think> ", False),
        ("<think>a</think>b</think>", False),
        ("<think><think>a</think>b", False),
    ],
)
def test_a_well_formed_completion_has_one_thought_and_then_an_answer(completion: str, well_formed: bool):
    assert is_well_formed(completion) is well_formed


@given(st.text(st.sampled_from("<think>/ ab\n"), max_size=60))
def test_offsets_are_always_within_the_completion(completion: str):
    found = thought(completion)
    assert all(
        0 <= o <= len(completion) for o in (found.start, found.end, found.answer_start) if o is not None
    )
    split(completion)


@pytest.mark.parametrize(("reasoning", "answer"), [("a", "b"), (None, "b"), ("a\n\nb", "c\n")])
def test_a_completion_that_is_put_together_splits_into_its_parts(reasoning: str | None, answer: str):
    assert split(joined(reasoning, answer)) == (reasoning, answer.strip())
    assert joined(" ", answer) == answer.strip()


def test_thousands_separators_go_and_lists_stay_apart():
    assert numbers("1,234.5 and 12, 45 and -7") == ["1234.5", "12", "45", "-7"]
    assert numbers("12,45") == ["12", "45"]


@pytest.mark.parametrize(
    ("completion", "marks", "stored"),
    [
        ("|s|I think.|s|4", ("|s|", "|s|"), "<think>I think.</think>4"),
        ("[T]I think.[/T]4", ("[T]", "[/T]"), "<think>I think.</think>4"),
        ("|s|cut off", ("|s|", "|s|"), "<think>cut off"),
        ("|s|a|s|b|s|c", ("|s|", "|s|"), "<think>a</think>b|s|c"),
        ("<think>a</think>b", ("<think>", "</think>"), "<think>a</think>b"),
        ("no thought", ("|s|", "|s|"), "no thought"),
    ],
)
def test_a_teachers_own_marks_become_tags(completion: str, marks: tuple[str, str], stored: str):
    assert with_tags(completion, marks) == stored
