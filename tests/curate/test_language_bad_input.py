"""Texts that are not as they should be: hidden characters, other directions, no end, no valid Unicode."""

import polars as pl
import pytest

from tests.curate.test_language import foreign, mixed


def test_zero_width_characters_and_bidi_controls_neither_hide_nor_make_spans() -> None:
    assert (
        foreign("th\u200be an\u00adswer is \u202efour\u202c, and th\ufeffat is all we have to s\u2060ay.")
        == []
    )
    assert foreign("So при\u200bвет it is.") == ["при\u200bвет"]
    assert foreign("\u202eслово\u202c") == ["слово"]


def test_text_from_right_to_left_is_measured_in_its_own_order() -> None:
    text = "הזווית היא 90° ולכן התשובה היא x = 4."
    assert mixed(text, "he")["target_share"] == 1
    assert foreign(f"{text} слово", "he") == ["слово"]


def test_romanised_text_is_no_language_of_its_own() -> None:
    assert foreign("The word is mei tian, in pinyin.") == []


@pytest.mark.parametrize(
    "unit", ["a", "a ", "\\begin{a}", "$", "\\(", "`", "``` ", "www.", "天", "天 a", "α", "(天"]
)
@pytest.mark.parametrize("target", ["en", "zh"])
def test_long_texts_without_an_end_are_measured(unit: str, target: str) -> None:
    text = unit * (200_000 // len(unit))
    fact = mixed(text, target)
    assert all(
        text[one["offset"] : one["offset"] + one["length"]] == one["text"] for one in fact["foreign_spans"]
    )


def test_a_lone_surrogate_reaches_a_frame_as_nul_or_not_at_all_and_makes_no_span() -> None:
    read = pl.read_ndjson(b'{"text": "So \\ud800 it \\ud83d\\ude42 is."}')["text"][0]
    assert read == "So \x00 it 🙂 is."
    assert foreign(read) == []
    with pytest.raises(UnicodeEncodeError):
        pl.Series(["So \ud800 it is."])
