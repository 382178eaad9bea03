"""Multiple choice: what completions state, and what they only mention."""

import pytest

from r1data.verify import verify


def judge(answer, reference="B", **args):
    return verify("choice", f"<think>It is (A).</think>{answer}", reference, **args)


@pytest.mark.parametrize(
    "answer",
    [
        "B",
        "**B) Paris**",
        "B. Paris",
        "(B)\n\nBecause vitamin C is good.",
        "Answer:\n\n**(B)** Paris",
        "The answer is (B) because (A) is wrong.",
        "The best answer is B: Paris",
        "Final answer: B) Paris",
        "#### B",
        "<answer>B</answer>",
        "A. Rome\nB. Paris\n\nThe answer is B",
        r"$\boxed{\text{(B)}}$",
        r"\boxed{\textbf{B}}",
        "I would choose B.",
        "The correct option is (B).",
        "(B) is correct because A is false.",
        "Among these, A is wrong. So it must be B.",
        "Of A, C and D none fits.\nThus B.",
        "It is not A. B it is.",
        "选B",
        "故选：B",
        "答案是 Ｂ",
        "答案：（Ｂ）",
        "正确答案是B选项",
        "选择B项",
    ],
)
def test_the_letter_is_found_however_it_is_stated(answer):
    verdict = judge(answer)
    assert (verdict.verdict, verdict.extracted) == ("right", "B")


@pytest.mark.parametrize(
    "answer",
    [
        "The answer is A. No, wait: the answer is B.",
        r"\boxed{A} or \boxed{B}",
        "The answer is A or B.",
        "A, B",
        r"The answer is C, so \boxed{B}",
    ],
)
def test_a_completion_that_states_two_answers_is_refused(answer):
    verdict = judge(answer)
    assert (verdict.verdict, verdict.reason) == ("wrong", "contradictory")


@pytest.mark.parametrize(
    "answer", ["A bird", "I think so.", "The answer is not B.", "None of the above", "Don't"]
)
def test_articles_pronouns_and_negations_are_no_letters(answer):
    assert judge(answer).reason == "no_answer"


OPTIONS = ["valid", "invalid", "None of the above", "A Place in the Sun"]


@pytest.mark.parametrize(
    ("answer", "reference", "reason"),
    [
        ("Valid.", "A", "equal"),
        ("The argument is invalid.", "A", "different"),
        ("The answer is: none of the above", "C", "equal"),
        ("Therefore, A Place in the Sun", "D", "equal"),
        (r"\boxed{\text{invalid}}", "invalid", "equal"),
        ("(B) invalid", "invalid", "equal"),
        ("The answer is E", "A", "no_answer"),
        ("It is valid or none of the above.", "A", "contradictory"),
    ],
)
def test_an_option_may_be_given_as_its_text(answer, reference, reason):
    assert judge(answer, reference, options=OPTIONS).reason == reason
    by_letter = dict(zip("ABCD", OPTIONS, strict=True))
    assert judge(answer, reference, options=by_letter).reason == reason


@pytest.mark.parametrize(
    "answer",
    [
        "A, C",
        "C and A",
        "AC",
        "(A), (C)",
        r"\boxed{A,C}",
        r"\boxed{A} and \boxed{C}",
        "The answers are A and C.",
        "答案是A、C",
    ],
)
def test_several_letters_are_compared_as_a_set(answer):
    assert judge(answer, "C, A").verdict == "right"
    assert judge(answer, "AB").verdict == "wrong"
    assert judge("A", "A, C").reason == "different"


@pytest.mark.parametrize("options", [3, ["a", 1], {"a": "x"}, {"AB": "x"}, {}, []])
def test_options_that_cannot_be_read_are_a_bad_reference(options):
    assert judge("A", "A", options=options).reason == "bad_reference"


@pytest.mark.parametrize(
    "mark", ["A ", "(A) ", "answer is ", r"\boxed{", "A, ", "not A ", " ", "A\n", "选", "("]
)
def test_a_long_text_is_judged_soon(mark):
    assert judge(mark * (100_000 // len(mark)), options=["x", "y"]).reason != "crash"


@pytest.mark.parametrize(
    "answer",
    [
        "None of the answer choices. Let's see.",
        "The point B lies between both.",
        "As 5 choose B/2 grows, B falls.",
        "We looked at every answer choice.\n\nB lies far from the others? No.",
    ],
)
def test_letters_of_variables_and_points_are_no_answers(answer):
    assert judge(answer, "C").reason in ("no_answer", "different")
    assert judge(answer.replace("B", "S"), "S").reason != "contradictory"
    assert judge("The point B lies between both.").reason == "no_answer"


def test_words_after_answer_choices_do_not_compete_with_the_box():
    text = "None of the answer choices. Let's see the given answer choices, then.\n\n\\boxed{B}"
    assert judge(text).verdict == "right"
