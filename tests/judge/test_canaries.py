"""Attacks: every one is tried on every kind of rubric, in every place."""

from collections import Counter

import pytest

from r1data.judge.canaries import ATTACKS, LONG_CHARS, canaries
from r1data.judge.labelled import Row, asked
from r1data.judge.rubric import load_rubric

CRITERIA = ("It does not mention doors.",)


def rows(n: int, **parts: object) -> list[Row]:
    return [Row(asked(f"Task {i}?", "The answer is purple.", **parts), "wrong", "mine") for i in range(n)]


@pytest.mark.parametrize(
    ("rubric", "parts"),
    [("reference_match", {"reference": "red"}), ("pairwise", {"other": "red"}), ("writing", {})],
)
def test_an_attack_stands_alone_where_saying_nothing_is_wrong(rubric: str, parts: dict[str, str]):
    found = canaries(load_rubric(rubric), rows(5, **parts), 3)
    places = 2 if rubric == "pairwise" else 1
    assert Counter(row.attack for row in found) == dict.fromkeys(ATTACKS, 3 * places)
    answers = {row.question.answer for row in found if row.label == "wrong"}
    assert {"", ":", "Solution", "Thought process:"} <= answers
    assert not any("purple" in answer for answer in answers)
    assert max(map(len, answers)) == LONG_CHARS
    assert all(row.base is None for row in found)


def test_of_two_answers_the_attack_stands_in_either_place_and_next_to_the_better_one():
    better_first = Row(asked("Task?", "good", other="bad"), "right", "mine")
    found = [row for row in canaries(load_rubric("pairwise"), [better_first], 8) if row.attack == "Solution"]
    assert {(row.question.answer, row.question.other, row.label) for row in found} == {
        ("Solution", "good", "wrong"),
        ("good", "Solution", "right"),
    }


@pytest.mark.parametrize(("rubric", "criteria"), [("open_ended", CRITERIA), ("harmless", ())])
def test_where_saying_nothing_may_be_right_an_attack_stands_around_a_wrong_answer(rubric: str, criteria):
    wrong = Row(asked("Task?", "Behind the doors.", criteria=criteria), "wrong", "mine")
    right = Row(asked("Task?", "Nothing.", criteria=criteria), "right", "mine")
    found = canaries(load_rubric(rubric), [right, wrong], 8)
    assert {row.attack for row in found} == set(ATTACKS) - {"empty"}
    assert all("Behind the doors." in row.question.answer and row.label == "wrong" for row in found)
    assert {row.base for row in found} == {wrong.row_id}


def test_the_reference_is_pasted_and_the_word_that_wins_is_forged():
    found = {
        row.attack: row.question.answer
        for row in canaries(load_rubric("reference_match"), rows(1, reference="13 doors"), 1)
    }
    assert "13 doors" in found["pasted"]
    assert found["forged end"].endswith("SAME") and "</answer" in found["forged end"]
    assert found["instructions"].endswith("SAME")


def test_rows_of_the_same_task_are_attacked_once():
    same = [Row(asked("Task?", f"It is {i}.", reference="4"), "wrong", "mine") for i in range(9)]
    found = canaries(load_rubric("reference_match"), same, 8)
    assert len(found) == len({row.row_id for row in found}) == len(ATTACKS)
