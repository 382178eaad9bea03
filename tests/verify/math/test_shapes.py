"""Answers of several parts, ranges, choices and words."""

import pytest

from r1data.verify.math.compare import decide


@pytest.mark.parametrize(
    ("reference", "prediction", "same"),
    [
        ("(1,2)", r"\left( 1, 2 \right)", True),
        (r"(3, \frac{\pi}{2})", r"(3, \pi/2)", True),
        (r"\langle 1, 2 \rangle", "(1,2)", True),
        (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", "(1,2)", True),
        (r"\begin{pmatrix} 1/2 & 3 \end{pmatrix}", r"\begin{bmatrix}0.5&3\end{bmatrix}", True),
        ("(1,2)", "(2,1)", False),
        ("(1,2)", "(1,2,3)", False),
        (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"\begin{pmatrix} 2 \\ 1 \end{pmatrix}", False),
    ],
)
def test_order_counts_in_tuples_and_matrices(reference, prediction, same):
    assert decide(reference, prediction)[1] is same


@pytest.mark.parametrize(
    ("reference", "prediction", "same"),
    [
        ("1,2", "2,1", True),
        ("1, 2", r"\{2, 1\}", True),
        ("2, 3, and 5", "5,3,2", True),
        (r"1/2, \frac13", r"\frac{1}{3} , 0.5", True),
        (r"x=1 \text{ or } x=2", "1,2", True),
        ("x = 2, -3", "x=-3, x=2", True),
        (r"\pm 2", "2,-2", True),
        (r"1\pm\sqrt{2}", r"1-\sqrt2, 1+\sqrt2", True),
        ("A=1, B=2", "B=2, A=1", True),
        ("(1,2),(3,4)", r"(3,4) \text{ and } (1,2)", True),
        ("5,10,15", "5,10", False),
        ("7", "7 or 8", False),
        ("67", r"53 \text{ push-ups and } 14 \text{ crunches}", False),
        ("x=1,y=2", "x=2,y=1", False),
        (r"\pm1", "1", False),
    ],
)
def test_several_answers_are_all_wanted_in_any_order(reference, prediction, same):
    assert decide(reference, prediction)[1] is same


@pytest.mark.parametrize(
    ("reference", "prediction", "same"),
    [
        (r"x \in [1,2]", r"1 \le x \le 2", True),
        (r"(-\infty, 3]", r"x \leq 3", True),
        (r"(3, +\infty)", "x > 3", True),
        ("(-3,5)", "5 > x > -3", True),
        (r"(-\infty,0)\cup(1,\infty)", r"x<0 \text{ or } x>1", True),
        (r"(0,1)\cup(2,3)", r"(2,3)\cup(0,1)", True),
        (r"\{x \in \mathbb{R} \mid x > 3\}", r"(3,\infty)", True),
        (r"x \in [1,2)", r"1 \le x \le 2", False),
        ("[0,1]", "(0,1)", False),
        ("x>5", "x<5", False),
        ("x>5", r"x\ge5", False),
    ],
)
def test_an_interval_is_an_inequality_of_one_variable(reference, prediction, same):
    assert decide(reference, prediction)[1] is same


@pytest.mark.parametrize(
    ("reference", "prediction", "same"),
    [
        ("3:4", "6:8", True),
        ("3:4", r"\frac34", True),
        ("3:4", "3 to 4", True),
        ("2:3:4", "4:6:8", True),
        ("1:2", "2:1", False),
        (r"4:30 \text{ p.m.}", "4:30 PM", True),
        (r"4:30 \text{ p.m.}", "16:30", True),
        ("10 a.m.", "10:00 a.m.", True),
        (r"4:30 \text{ p.m.}", "4:30 a.m.", False),
        ("5:30", "5:45", False),
    ],
)
def test_ratios_are_proportions_and_times_of_day_are_not(reference, prediction, same):
    assert decide(reference, prediction)[1] is same


@pytest.mark.parametrize(
    ("reference", "prediction", "same"),
    [
        ("B", r"\text{(B)}", True),
        ("B", "B. 12", True),
        ("12", "(B) 12 dollars", True),
        (r"\textbf{(C)}\ 12", "C", True),
        (r"\text{Evelyn}", "evelyn", True),
        (r"\text{ellipse}", "an ellipse", True),
        (r"\text{No}", "no", True),
        (r"\text{Monday}", "Monday.", True),
        (r"6^{\text{th}}", "6", True),
        (r"\text{about 5}", "5", True),
        ("12", "12 (approximately)", True),
        ("B", "C", False),
        ("C", "12", False),
        (r"\text{east}", "west", False),
        (r"\text{Yes}", "No", False),
        (r"\text{east}", "x^2", False),
    ],
)
def test_choices_and_words_are_compared_without_case_and_articles(reference, prediction, same):
    assert decide(reference, prediction)[1] is same


@pytest.mark.parametrize(
    ("reference", "prediction"),
    [
        ("12", "１２"),
        ("50%", "５０％"),
        ("(1,2)", "（１，２）"),
        ("3,4", "３、４"),
        ("5,6", "5 和 6"),
        ("12", "12元。"),
        ("x=3,y=4", "x＝３，y＝４"),
        ("20%", "百分之20"),
        ("1/3", "三分之一"),
        ("5", "五"),
        ("23", "二十三"),
        ("B", "选B"),
    ],
)
def test_chinese_signs_and_full_width_digits_are_read(reference, prediction):
    assert decide(reference, prediction)[1] is True
