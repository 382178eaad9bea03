import pytest

from r1data.verify import verify


def judged(answer: str, reference: str) -> str:
    return verify("math", f"<think>Hm.</think>{answer}", reference).verdict


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("12", "12"),
        ("12.", "12"),
        ("**12**", "12"),
        ("The sum is 12.", "12"),
        ("Tom has 5 and 7, so 12 apples.", "12"),
        ("9 + 3 = 12", "12"),
        (r"\boxed{12}", "12"),
        (r"First \boxed{3}, then \boxed{12} in all.", "12"),
        ("Answer: 12", "12"),
        ("Of the 40 dollars, the answer is 12 dollars.", "12"),
        ("#### 12", "12"),
        ("She makes $2 per egg, so $18 every day", "18"),
        ("$1,234", "1234"),
        ("10000", r"10{,}000"),
        ("0.5", r"\frac12"),
        (r"\boxed{\frac{2}{4}}", "1/2"),
        ("0.333333", "1/3"),
        (r"\(x^2+1\)", "1+x^2"),
        (r"It is $\frac{3}{4}$.", "0.75"),
        (r"\boxed{18\text{ dollars}}", "18"),
        (r"\boxed{18 dollars}", "18"),
        ("12", "She buys 3 * 4 = 12.\n#### 12"),
        ("<answer> 12 </answer>", "12"),
        ("答案是 12 元", "12"),
    ],
)
def test_these_answers_equal_the_reference(answer, reference):
    assert judged(answer, reference) == "right"


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("13", "12"),
        ("12 or rather 13", "12"),
        (r"\boxed{13} and not 12", "12"),
        ("-12", "12"),
        ("1.2", "12"),
        ("0.33", "1/3"),
        (r"\frac{3}{4}", r"\frac{4}{3}"),
        ("x+1", "x-1"),
        ("north", "12"),
    ],
)
def test_these_answers_differ_from_the_reference(answer, reference):
    assert judged(answer, reference) == "wrong"


@pytest.mark.parametrize(
    ("answer", "reference", "verdict"),
    [
        (r"Thus $x = \boxed{3}$ or $x = \boxed{-2}$.", "-2, 3", "right"),
        (r"They are \boxed{1}, \boxed{2} and \boxed{3}.", "1,2,3", "right"),
        (r"They are \boxed{1} and \boxed{2}.", "1,2,3", "wrong"),
        ("First \\boxed{1}.\n\nThen \\boxed{2}.", "1,2", "wrong"),
        (r"It is \boxed{1}, that is \boxed{1.0}.", "1", "right"),
    ],
)
def test_several_boxes_of_one_paragraph_are_several_answers(answer, reference, verdict):
    assert judged(answer, reference) == verdict


def test_a_number_in_the_thought_is_no_answer():
    verdict = verify("math", "<think>It is 12.</think>", "12")
    assert (verdict.verdict, verdict.reason) == ("wrong", "no_answer")


@pytest.mark.parametrize("reference", [r"\frac{1}{2", "x" * 401])
def test_a_reference_that_cannot_be_read_is_unknown(reference):
    assert judged("1", reference) == "unknown"


def test_the_extracted_answer_is_kept():
    assert verify("math", "<think>.</think>So it is 7 apples.", "8").extracted == "7"
