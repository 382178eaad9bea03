"""A student against its teacher, in one sentence, in tables and as a page that loads nothing."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from markdown_it import MarkdownIt

from r1data.evaluate.against import against, with_memory, with_usd
from r1data.evaluate.result import Fared, Result
from r1data.generate.models import ModelFolder
from r1data.recipe import Prices
from r1data.report.against_page import against_page
from r1data.report.against_teacher import against_section, lead, title
from tests.evaluate.test_against import drawn
from tests.report.test_card import GAIN, SFT, fared, result, trained, written

EVIL = "<img src=x onerror=alert(1)>|`"

NOWHERE = ModelFolder(Path("nowhere"), "r", None, None)


def found(
    *,
    part: str = "teacher",
    name: str = "big",
    prices: Prices | None = None,
    other: pl.DataFrame | None = None,
) -> Result:
    """A student of a tenth of its teacher's tokens and seconds."""
    mine = drawn(1, which=0)
    theirs = drawn(1, which=1).with_columns(elapsed_s=5.0) if other is None else other
    compared = against(part, *(with_memory(with_usd(one, prices, "vllm"), NOWHERE) for one in (mine, theirs)))
    models = {"student": result().student, part: Fared(name, fared(name), 2**30, gain=GAIN)}
    return replace(result(), models=models, beside=(compared,))


def test_the_sentence_says_what_it_solves_and_at_what_cost():
    told = lead(found(prices=Prices(usd_per_hour=2)))
    number = r"\d\.\d+ times \(\d\.\d+ … \d\.\d+\)"
    assert re.fullmatch(
        f"tiny solves {number} as much as its teacher, big, at {number} the seconds per attempt and {number} "
        "the dollars per solved prompt.",
        told,
    )
    assert "the tokens per solved prompt." in lead(found())


def test_the_sentence_says_when_it_cannot_be_told_or_the_teacher_was_not_asked():
    never = drawn(1, which=1).with_columns(solved=False)
    assert lead(found(other=never)).startswith("It cannot be told")
    assert lead(found(part="base")).endswith("Its teacher was not asked.")
    assert title(found(part="base")) == "tiny against its base"
    assert "neither its teacher nor its base was asked" in lead(result())


def test_markdown_and_page_have_the_same_numbers():
    both = found(prices=Prices(usd_per_hour=2))
    page, rows = against_page(both), against_section(both).split("| --- |")[-1].splitlines()[1:]
    cells = [cell.strip() for row in rows if row.startswith("|") for cell in row.strip("|").split("|")]
    assert len(cells) == 7 * 4
    assert [cell for cell in cells if f"<td>{cell}</td>" not in page] == []


def test_without_a_price_the_page_says_so_and_shows_no_dollars():
    page = against_page(found())
    assert "<td>US dollars per solved prompt</td><td>no price known</td>" in page


@pytest.mark.parametrize("name", [EVIL, "&amp;</title><script>"])
def test_names_are_texts_and_nothing_is_loaded_from_elsewhere(name: str):
    evil = found(name=name)
    seen = list[tuple[str, dict[str, str | None]]]()

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.append((tag, dict(attrs)))

    Tags().feed(against_page(evil))
    assert not {"script", "link", "iframe"} & {tag for tag, _ in seen}
    images = [attrs["src"] or "" for tag, attrs in seen if tag == "img"]
    assert len(images) == 1 and images[0].startswith("data:image/png;base64,")
    rendered = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(against_section(evil))
    assert "<img" not in rendered and "<script" not in rendered and rendered.count("<th>") == 4


def test_a_card_sets_the_student_against_its_teacher_where_one_was_asked(tmp_path: Path):
    assert "## Against its teacher" not in written(trained(tmp_path / "1", SFT), result())
    card = written(trained(tmp_path / "2", SFT), found())
    assert "## Against its teacher" in card and against_section(found()) in card
