import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1data.serve.thoughts import Splitter, split
from r1data.text import split as split_text

TEXTS = st.lists(
    st.sampled_from(["<think>", "</think>", "<", "th", "ink>", "</", "a", " ", "\n", "2 < 3", "."]),
    max_size=12,
).map("".join)


def streamed(text: str, cuts: list[int], *, opened: bool) -> tuple[str, str]:
    splitter, found, start = Splitter(opened=opened), [], 0
    for end in [*sorted(cut % (len(text) + 1) for cut in cuts), len(text)]:
        found.append(splitter.feed(text[start:end]))
        start = end
    found.append(splitter.finish())
    return "".join(part[0] for part in found), "".join(part[1] for part in found)


@given(TEXTS, st.lists(st.integers(0, 200), max_size=8), st.booleans())
def test_a_text_is_split_alike_however_it_is_cut(text, cuts, opened):
    assert streamed(text, cuts, opened=opened) == streamed(text, [], opened=opened)


@pytest.mark.parametrize(
    "text",
    ["<think>\n1 + 1\n</think>\n\n2", "2", "\n<think>a</think>", "<think>still think", "a < b, <b> it is"],
)
def test_a_text_is_split_as_everywhere_else(text):
    reasoning, answer = split_text(text)
    assert split(text, opened=False) == (reasoning or None, answer or None)


def test_an_opened_thought_is_a_thought_from_its_first_letter_and_may_be_opened_twice():
    assert split("1 + 1 = 2.\n</think>\n\n2", opened=True) == ("1 + 1 = 2.", "2")
    assert split("<think>\nHm.\n</think>2", opened=True) == ("Hm.", "2")
    assert split("Hm, <thi", opened=True) == ("Hm, <thi", None)


def test_a_closing_tag_alone_shows_a_thought_that_nobody_knew_of():
    assert split("Hm.</think>2", opened=False) == ("Hm.", "2")
    assert split("2 <think> is a tag </think>?", opened=False) == ("is a tag", "2 ?")
