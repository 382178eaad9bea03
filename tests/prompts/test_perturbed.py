import json
import logging
from datetime import date, timedelta
from fractions import Fraction

import pytest

from r1data.errors import ConfigError, InputError
from r1data.prompts.arithmetic import parse, same_kind, values, written
from r1data.prompts.binding import Unclear, bind
from r1data.prompts.perturbed import perturbed
from r1data.prompts.question import use
from r1data.recipe import PromptSource

START = date(2026, 1, 1)
MAP = {"prompt": "question", "reference": "answer", "equation": "solution"}
BAKERY = {
    "question": "A bakery sold 36 rolls on Monday, half as many on Friday. A roll costs $1.50. In all?",
    "solution": "Friday: <<36/2=18>>18. Together <<36+18=54>>54. It earned <<54*1.5=81>>81.\n#### 81",
    "answer": "81",
}
TRAIN = {
    "question": "A train with 240 seats has 80% of them taken. How many are free?",
    "solution": "Taken are <<240*80/100=192>>192, free <<240-192=48>>48.\n#### 48",
    "answer": "48",
}
RIVALS = {
    "question": "Ann got 95% of 40 points, Bob missed 3 of them. How many points beat both?",
    "solution": "Bob <<40-3=37>>37, Ann <<40*.95=38>>38, so <<38+1=39>>39.\n#### 39",
    "answer": "39",
}
HENS = {"question": "Of 90 eggs 14 broke. How many are whole?", "solution": "( 90.0 - 14.0 )", "answer": 76.0}


def write(tmp_path, *rows):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def asked(path, night=START, **config):
    section = PromptSource(name="p", source="perturbed", path=str(path), **{"columns": MAP, **config})
    return list(perturbed(section, night=night, start=START))


@pytest.mark.parametrize(
    ("row", "numbers", "text", "answer"),
    [
        (
            BAKERY,
            [24, Fraction("2.50")],
            "sold 24 rolls on Monday, half as many on Friday. A roll costs $2.50",
            "90",
        ),
        (TRAIN, [300, 80], "with 300 seats has 80% of them", "60"),
        (HENS, [50, 20], "Of 50 eggs 20 broke", "30"),
        (HENS, [2**53 + 1, 20], "Of 9007199254740993 eggs 20 broke", "9007199254740973"),
        (
            {"question": "Of 1,000 eggs 14 broke.", "solution": "1000 - 14", "answer": 986},
            [10**17 + 1, 20],
            "Of 100,000,000,000,000,001 eggs",
            "99999999999999981",
        ),
    ],
)
def test_the_answer_follows_the_numbers_by_the_rows_own_computation(row, numbers, text, answer):
    changed, computed = bind(row["question"], str(row["answer"]), row["solution"]).with_numbers(numbers)
    assert text in changed
    assert Fraction(computed) == Fraction(answer)


@pytest.mark.parametrize(
    ("row", "numbers"),
    [
        (HENS, [10, 20]),  # negative
        (HENS, [20, 20]),  # in another order
        (RIVALS, [60, 40, 5]),  # Bob is the better one
        (TRAIN, [241, 80]),  # parts of a seat
        (BAKERY, [37, Fraction("1.50")]),  # half a roll
    ],
)
def test_numbers_that_change_the_kind_of_a_value_are_refused(row, numbers):
    assert bind(row["question"], str(row["answer"]), row["solution"]).with_numbers(numbers) is None


@pytest.mark.parametrize(
    ("question", "answer", "equation", "why"),
    [
        ("Ann has 8 pens and buys 5.", "13", "A sentence.", "no_computation"),
        ("Ann has 8 pens and buys 5.", "13", "__import__('os')+8", "no_computation"),
        ("Ann has 8 pens and buys 5.", "13", "<<8+abs(5)=13>>", "unreadable"),
        ("Ann has 8 pens and buys 5.", "13", "8 / (5 - 5)", "unreadable"),
        ("Ann has 8 pens and buys 5.", "12", "8 + 5", "wrong_answer"),
        ("Ann has 8 pens and buys 5.", "14", "<<8+5=14>>14", "wrong_step"),
        ("Ann has 8 pens, Bob 8.", "16", "8 + 8", "repeated_number"),
        ("Ann has 8 pens, Bob 5 and Eve 3.", "13", "8 + 5", "unused_number"),
        (
            "Of 25 winners 60% were tall. Of the others 40% were old. How many?",
            "4",
            "<<100-60=40>>40 <<25*.4=10>>10 <<10*.4=4>>4",
            "ambiguous",
        ),
        (
            "In 5 months 90 coins became three parts.",
            "12",
            "<<90-30=60>>60 <<60/5=12>>12",
            "unknown_constant",
        ),
        ("Ann has 2 pens, Bob twice as many.", "4", "2 * 2", "ambiguous"),
        ("Ann has 8 pens and buys 5, then 13 more.", "26", "<<8+5=13>>13 <<13+13=26>>26", "ambiguous"),
        ("Ann has 8 pens and buys 5.", "20", "8 + 5 + 7", "unknown_constant"),
        ("In 1990 Ann was 8.", "1982", "1990 - 8", "year"),
        ("Ann has some pens.", "8", "3 + 5", "no_numbers"),
        ("A clock shows 8 pm. What does it show after 3 hours?", "11", "8 + 3", "calendar"),
        ("Ann slept at 8 o'clock, 3 hours after Bob.", "5", "8 - 3", "calendar"),
        ("It is March 8. What day is it 3 days later?", "11", "8 + 3", "calendar"),
        ("It is 8 March. What day is it 3 days later?", "11", "8 + 3", "calendar"),
        ("There are 16 ounces in a pound. Ann has 3 pounds.", "48", "16 * 3", "unit"),
        ("Ann has 8 pens.", "8", "8", "no_computation"),
        ("Ann has 8 pens.", "8", "<<8=8>>8", "no_computation"),
        ("Ann has 8 pens and buys 5.", "1e99999999", "8 + 5", "wrong_answer"),
        ("Ann has 8 pens and buys 5.", "13", "8 + 5 * 1e99999999", "no_computation"),
    ],
)
def test_a_row_whose_numbers_are_not_clear_is_left_out_with_a_reason(question, answer, equation, why):
    with pytest.raises(Unclear, match=f"^{why}$"):
        bind(question, answer, equation)


def test_a_night_has_its_own_numbers_never_the_original_and_never_what_is_held_out(tmp_path):
    path = write(tmp_path, BAKERY, TRAIN, HENS)
    nights = [asked(path, START + timedelta(days=day)) for day in range(4)]
    assert nights[0] == asked(path)
    texts = [{q.messages[0]["content"] for q in night} for night in nights]
    assert all(len(night) == 3 for night in texts)
    assert len(set.union(*texts)) > 6
    assert not set.union(*texts) & {row["question"] for row in (BAKERY, TRAIN, HENS)}
    assert {use(text) for text in set.union(*texts)} == {"night"}
    held = asked(path, None)
    assert {use(q.messages[0]["content"]) for q in held} == {"heldout"}
    assert held == asked(path, None)


def test_rows_that_cannot_be_used_are_counted_in_the_log(tmp_path, caplog):
    rows = [BAKERY, TRAIN, HENS | {"solution": ""}, HENS | {"answer": "1"}]
    with caplog.at_level(logging.INFO, "r1data"):
        questions = asked(write(tmp_path, *rows), n_per_night=1)
    assert len(questions) == 1
    assert "p: 2 rows can be used, left out: no_computation 1, wrong_answer 1" in caplog.text
    assert questions[0].origin.startswith("a.jsonl, numbers of 2026-01-01, line ")
    with pytest.raises(InputError, match=r"no row whose numbers can be changed \(wrong_answer 1\)"):
        asked(write(tmp_path, rows[3]))
    with pytest.raises(ConfigError, match="must map `prompt`, `reference` and `equation`"):
        asked(write(tmp_path, *rows), columns={"prompt": "question", "reference": "answer"})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(48 - 8) / 2", "20"),
        ("200*50%", "100"),
        ("$1,250.50 x 2", "2501"),
        ("-3 + 5", "2"),
        ("1/3", "1/3"),
        (".5", "0.5"),
        ("-9007199254740993.25 + 0", "-9007199254740993.25"),
    ],
)
def test_written_arithmetic_is_computed_exactly(text, value):
    assert values(parse(text))[-1] == Fraction(value)
    assert Fraction(written(Fraction(value))) == Fraction(value)


@pytest.mark.parametrize(
    "text", ["2**9", "1E9 + 1", "a + 1", "1 if 1 else 2", "f(1)", "", "(" * 200 + "1", "1" * 301]
)
def test_nothing_but_arithmetic_is_read(text):
    with pytest.raises(ValueError, match=r"not arithmetic|too long"):
        parse(text)


def test_a_value_keeps_its_sign_and_its_decimals():
    half = Fraction(1, 2)
    assert same_kind(half, Fraction(7, 10)) and not same_kind(half, Fraction(1, 3))
    assert not same_kind(Fraction(2), half) and not same_kind(Fraction(2), Fraction(0))
    assert same_kind(Fraction(1, 3), Fraction(5, 3)) and not same_kind(Fraction(1, 3), Fraction(1, 7))
