"""What a completion ends in, whatever its form."""

import pytest

from r1data.evaluate.lenient import ends_in


@pytest.mark.parametrize(
    ("completion", "reference"),
    [
        ("<think>\n2 + 3 = 5.\n</think>\n\n5", "5"),
        ("The answer is 5.", "5"),
        ("It is 1,200 now", "1200"),
        ("about 2.50", "2.5"),
        ("from 7 down to -3", "-3"),
        ("The last word is Cat.", "cat"),
        ("They are: red, blue", "red blue"),
    ],
)
def test_the_last_number_or_word_is_right(completion: str, reference: str):
    assert ends_in(completion, reference)


@pytest.mark.parametrize(
    ("completion", "reference"),
    [
        ("5 is not 6", "5"),
        ("", "5"),
        ("five", "5"),
        ("cat and dog", "cat"),
        ("", ""),
        ("blue, red", "red blue"),
    ],
)
def test_another_end_is_wrong(completion: str, reference: str):
    assert not ends_in(completion, reference)
