"""Loops at an end, anywhere, and with counters."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1data.curate.readability import kernels
from r1data.curate.readability.loops import ROUNDS
from tests.curate.readability.test_measures import measured

SENTENCE = "But then the goat would be left with the cabbage. "
PARAGRAPH = (
    "Wait, maybe the first rope burns evenly.\nThen it takes an hour.\n\nLet me look at the second one.\n\n"
)
BEFORE = "<think>First I read the question with care and note what is given: 12 ropes and 3 boats.\n"


@pytest.mark.parametrize("unit", ["wait ", SENTENCE, PARAGRAPH, "然后再看一遍。", "ha", "שוב "])
@pytest.mark.parametrize("after", ["", "\n</think>\nThe answer is 5.", "</think>"])
def test_a_loop_at_the_end_of_thought_or_completion_is_measured_and_shown(unit: str, after: str) -> None:
    looped = unit * 60
    fact = measured(BEFORE + looped + after)
    assert len(looped.strip()) <= fact["loop_chars"] <= len(looped.strip()) + len(unit)
    (row,) = [row for row in fact["evidence"] if row["measure"] == "loop_chars"]
    assert row["length"] == fact["loop_chars"]


@pytest.mark.parametrize("unit", ["wait ", SENTENCE, PARAGRAPH, "然后再看一遍。"])
def test_a_loop_in_the_middle_is_measured(unit: str) -> None:
    fact = measured(f"{BEFORE}{unit * 60}At last something else: it floats.</think>So yes.")
    assert fact["loop_chars"] == 0
    assert fact["inner_loop_chars"] == pytest.approx(60 * len(unit), rel=0.05)


def test_a_loop_in_which_a_counter_moves_is_a_loop() -> None:
    rounds = "".join(f"Step {n}: I check the total once more and find {n + 2}. " for n in range(12, 40))
    assert measured(BEFORE + rounds)["loop_chars"] == pytest.approx(len(rounds), rel=0.1)


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"If n is {n}, then the square of it is {n * n}. " for n in range(12, 40)),  # each says more
        "".join(f"{n} + 1 = {n + 1}\n" for n in range(40)),  # no words
        "0 0 0 0 0 0 0 0\n" * 8,  # a grid
        "1/3 = 0." + "3" * 60,
        "no, no, no",
        "|---|---|---|---|",
    ],
)
def test_enumerations_grids_and_decimals_are_no_loops(text: str) -> None:
    assert measured(BEFORE + text)["loop_chars"] == 0


def slow_suffix_loop(items: list[int], rounds: int) -> tuple[int, int]:
    best = (0, 0)
    for unit in range(1, len(items) // rounds + 1):
        length = unit
        while length < len(items) and items[-1 - length] == items[-1 - length + unit]:
            length += 1
        if length >= rounds * unit and length > best[0]:
            best = (length, unit)
    return best


@settings(max_examples=300)
@given(st.lists(st.integers(0, 2), max_size=8), st.lists(st.integers(0, 2), max_size=6), st.integers(0, 9))
def test_the_longest_loop_at_an_end_is_the_one_that_a_slow_search_finds(
    before: list[int], unit: list[int], rounds: int
) -> None:
    items = before + unit * rounds
    found = kernels.suffix_loop(np.array(items, np.uint64), ROUNDS)
    assert found == slow_suffix_loop(items, ROUNDS)


WORD = st.sampled_from(["so", "it", "goes", "on,", "again", "and", "with", "care", "7", "."])
WORDS = st.lists(WORD, min_size=1, max_size=8)


@given(st.lists(st.sampled_from("pqrs"), max_size=5), WORDS, st.integers(6, 12))
def test_what_is_found_anywhere_is_periodic_and_planted_loops_of_words_are_found(
    before: list[str], unit: list[str], rounds: int
) -> None:
    looped = " ".join(unit * rounds)
    text = " ".join([*before, looped, "zz"])
    fact: dict[str, Any] = measured(text)
    spans = [row for row in fact["evidence"] if row["measure"] == "inner_loop_chars"]
    if any(word.isalpha() for word in unit):
        assert fact["inner_loop_chars"] >= len(looped) - 2 * len(" ".join(unit)) - 2
    for row in spans:
        words = text[row["offset"] : row["offset"] + row["length"]].replace(",", " ,").split()
        periods = range(1, len(words) // ROUNDS + 1)
        assert any(words[period:] == words[:-period] for period in periods)


@pytest.mark.parametrize("text", ["x" * 10_000_000, "ab " * 3_000_000, "天" * 3_000_000])
def test_ten_megabytes_on_one_line_are_one_loop(text: str) -> None:
    assert measured(text)["loop_chars"] >= len(text) - 3
