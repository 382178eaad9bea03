"""Where the answer of a completion is found."""

import pytest

from r1data.verify.math import extract


@pytest.mark.parametrize(
    ("completion", "answer"),
    [
        (r"<think>\boxed{1}</think>It is \boxed{2}.", "2"),
        (r"The area is \boxed{\frac{1}{2}} square feet, as said.", r"\frac{1}{2}"),
        (r"\boxed{3} is no good, so \boxed{4}", "4"),
        (r"\boxed{\boxed{5}}", "5"),
        (r"\fbox{6}", "6"),
        (r"\boxed {7}", "7"),
        ("So boxed{9} it is", "9"),
        (r"\boxed{5} in \mbox{cm}", "5"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{8} and then \boxed{cut off", "8"),
    ],
)
def test_the_last_balanced_box_is_the_answer(completion, answer):
    assert extract(completion) == answer


@pytest.mark.parametrize(
    ("completion", "answer"),
    [
        ("<think>.</think><answer> 12 </answer>", "12"),
        (r"</think> <answer> \boxed{74}", "74"),
        ("</think> </think> <answer> A </answer>", "A"),
        ("<answer>3</answer> or rather <answer>4</answer>", "4"),
    ],
)
def test_an_answer_may_stand_in_tags(completion, answer):
    assert extract(completion) == answer


@pytest.mark.parametrize(
    ("completion", "answer"),
    [
        ("3 + 4 = 7\n#### 7", "7"),
        ("So 6 * 3 = 18.\nA: 18", "18"),
        ("**Answer**: 28", "28"),
        ("Answer: $5 each", "5"),
        ("### Final Answer:\n\n**12 apples**", "12"),
        ("Of the 40, the answer is 12 dollars.", "12"),
        ("The answers are 3 and 4.", "3 and 4"),
        (r"The answer is $x = 3$ or \(x = 4\).", r"$x = 3$ or \(x = 4\)"),
        ("The answer is (B).", "(B)"),
        ("Answer: (B) 12 dollars", "(B) 12 dollars"),
        ("The answer is B, because the others are longer than that.", "B"),
        ("The answer is $x = 3$. I hope that it helps.", "x = 3"),
        ("共 3 个。答案：12", "12"),
        ("答案是 12 元", "12"),
    ],
)
def test_a_phrase_announces_the_answer(completion, answer):
    assert extract(completion) == answer


@pytest.mark.parametrize(
    ("completion", "answer"),
    [
        ("Tom has 5 and 7, so 12 apples.", "12"),
        ("She makes $2 per egg, so $18 every day", "18"),
        (r"We get \(x^2\) and then \(x^2 + 1\).", "x^2 + 1"),
        (r"\[ x = 4 \]", "x = 4"),
        ("It costs $3 now and $4 later", "4"),
        ("12", "12"),
        ("-5", "-5"),
        ("2ed", "2ed"),
        ("So it is $2xy + 10x + 100$.", "2xy + 10x + 100"),
        (r"So it is $\begin{pmatrix} 1 \\ 2 \end{pmatrix}$.", r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}"),
        (r"She pays \(\$1,\!657\).", r"\$1,\!657"),
        ("It costs $3 to $4", "4"),
        ("-2*x*asin(x) - 2*sqrt(1 - x**2) + C", "-2*x*asin(x) - 2*sqrt(1 - x**2) + C"),
    ],
)
def test_else_it_is_the_last_formula_or_number(completion, answer):
    assert extract(completion) == answer


@pytest.mark.parametrize(
    ("completion", "answer"),
    [
        ('{"reasoning": "2 and 3", "answer": "5"}', "5"),
        ('```json\n{\n  "reasoning": "so 9.",\n  "answer": "-7"\n}\n```', "-7"),
        ('## Step 1\nIt is 3.\nThe final answer is:\n```json\n{"reasoning": "x", "answer": 4}\n```', "4"),
        (r'{"reasoning": "…", "answer": "\\frac{1}{2}"}', r"\frac{1}{2}"),
        (r'{"reasoning": "…", "answer": "\frac{1}{2}"}', r"\frac{1}{2}"),
        (r'{"answer": "\\(x + 1\\)"}', "x + 1"),
        (r'{"answer": "\\boxed{3}"}', "3"),
        ('{"reasoning": "…", "final_answer": "12 apples"}', "12"),
        ('{"answer": ["1", "2"]}', "1, 2"),
        ('{"answer": "cut of', "cut of"),
        ('{"reasoning": "broken. **Answer**: 28', "28"),
        ('{"reasoning": "we find 5 and then', None),
    ],
)
def test_a_reply_in_json_holds_the_answer_even_when_it_is_broken(completion, answer):
    assert extract(completion) == answer


@pytest.mark.parametrize("completion", ["", " ", "<think>It is 12.", "<think>It is 12.</think>", r"\boxed{}"])
def test_there_may_be_no_answer(completion):
    assert extract(completion) is None
