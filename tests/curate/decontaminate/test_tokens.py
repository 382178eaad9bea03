"""What texts are compared as: words, numbers and signs, whatever the markup."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1data.curate.decontaminate.formats import FORMATS, in_words
from r1data.curate.decontaminate.index import tokens


def written(text: str) -> str:
    return tokens(pl.Series([text]))[0].written(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Tom HAS  3\napples.", "tom has 3 apples"),
        (r"$\frac{1}{2}$ and $\frac13$, 1/2 and ½", "1 2 and 1 3 1 2 and 1 2"),
        (r"\text{cm} \left( x_{1} \right) \begin{align*} y", "cm x 1 y"),
        (
            "1,000 or $1{,}000$ or $1\\,000$ or $10,\\!000$ or 1000.00",
            "1000 or 1000 or 1000 or 10000 or 1000",
        ),
        ("1,2 and 1,23 and 1234,567", "1 2 and 1 23 and 1234 567"),
        (".5 is 0.50", "0.5 is 0.5"),
        ("two hundred and five", "205"),
        ("twenty-five, twenty five and fifty", "25 25 and 50"),
        ("three thousand two hundred and seven", "3207"),
        ("5 million, 2.5 thousand", "5000000 2500"),
        ("one hundred and two hundred", "100 and 200"),
        ("five six", "5 6"),
        ("5\\% or 5% or 5 percent", "5 % or 5 % or 5 percent"),
        ("１２ ﬁne", "12 fine"),
        ("小明有三个苹果", "小 明 有 三 个 苹 果"),
        ("12345678901234567890", "12345678901234567890"),
        ("", ""),
    ],
)
def test_markup_case_and_spelling_do_not_matter(text, words):
    assert written(text) == words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"\sqrt{2} \pi", "√2 π"),
        ("café ＡＢＣ", "cafe\u0301 abc"),
        ("5%", "5 percent"),
        ("well\u00adknown zero\u200bwidth", "wellknown zerowidth"),
        ("π", r"\pi"),
        (r"$60^\circ$", "60°"),
    ],
)
def test_other_ways_to_write_a_word_have_its_hash(one, other):
    found = tokens(pl.Series([one, other]))
    assert found[0].hashes.tolist() == found[1].hashes.tolist() != []


def test_signs_of_formulas_are_kept_apart_and_punctuation_is_dropped():
    texts = ["3 + 4", "3 - 4", "3 − 4", "a 3-month plan - and so", "- **3 4**", r"3 \le 4", "3 ≤ 4"]
    plus, minus, unicode_minus, *plain, le, unicode_le = [
        int(item.signs[-1]) for item in tokens(pl.Series(texts))
    ]
    assert len({plus, minus, le, 0}) == 4 and unicode_minus == minus and unicode_le == le
    assert plain[0] == 0


@given(st.integers(0, 999))
def test_a_number_in_words_is_the_number(number):
    assert written(in_words(number)) == str(number)


@given(st.text(max_size=80))
def test_spans_are_places_in_the_text_in_order(text):
    spans = tokens(pl.Series([text], dtype=pl.String))[0].spans
    flat = spans.ravel().tolist()
    assert all(0 <= begin < end <= len(text) for begin, end in spans.tolist())
    assert [begin for begin, _ in spans.tolist()] == sorted(flat[::2])


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_keeps_the_numbers_of_a_text(name):
    text = "She pays $1250 for 3 boxes of $\\frac{1}{2}$ kg. How many kg are 40 boxes?"
    numbers = [
        found.hashes[found.is_number].tolist() for found in tokens(pl.Series([text, FORMATS[name](text)]))
    ]
    assert set(numbers[0]) <= set(numbers[1])
