"""The tasks' own scorers, and what they must not be trusted with."""

import pytest

from r1data.verify import verify


def judge(answer, reference, task, **metadata):
    return verify("reasoning_gym", f"<think>.</think>{answer}", reference, task=task, metadata=metadata)


@pytest.mark.parametrize(
    "answer",
    [
        "<answer>1 2\n3 4</answer>",
        "The answer is: see below.\n<answer>1 2\n3 4</answer>",
        "Not <answer>4 3</answer> but <answer>\n1 2\n3 4\n</answer>\n\\boxed{7}",
    ],
)
def test_the_last_answer_tags_hold_the_answer_whatever_stands_around_them(answer):
    assert judge(answer, "1 2\n3 4", "binary_matrix").reason == "scored"


def test_a_boxed_answer_in_tags_is_read():
    assert judge(r"<answer>\boxed{12}</answer>", "12", "gcd").verdict == "right"


def test_the_reference_with_a_tail_is_not_right_though_the_scorer_sums_to_more_than_one():
    verdict = judge("<answer>nemeltnege</answer>", "nemeltneg", "spell_backward")
    assert (verdict.verdict, verdict.reason) == ("wrong", "partial")
    assert verdict.reward < 1


def test_an_answer_that_the_scorer_cannot_read_is_wrong_and_an_item_without_metadata_unusable():
    read = judge("<answer>seven</answer>", "2 × 3", "prime_factorization", number=6)
    assert (read.verdict, read.reason) == ("wrong", "unreadable")
    assert judge("<answer>A → B</answer>", "A → A", "quantum_lock").reason == "bad_reference"
