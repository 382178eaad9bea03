"""People look around in a browser: filters, a trace with highlights, keys, links, questions in SQL."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl
import pytest

from r1data.lake import Lake

pytestmark = pytest.mark.browser
NIGHT = "2026-01-02"


def test_a_person_browses_asks_and_passes_links_on(
    page: str, tab: Any, review_lake: Lake, tmp_path: Path
) -> None:
    schema = review_lake.scan("language").collect_schema()
    span = {"offset": 11, "length": 6, "script": "Latin", "language": "fr", "text": "x"}
    foreign = {"night": NIGHT, "rollout_id": "a2", "version": "9", "foreign_spans": [span]}
    rows = [{name: foreign.get(name) for name in schema}]
    review_lake.append("language", pl.DataFrame(rows, schema=schema, orient="row"))
    reads = "document.querySelector('#trace article')?.dataset.rollout == '{}'"
    tab.size(1400, 900)
    tab.open(page)
    tab.wait(reads.format("g1"))
    tab.run("document.querySelector('#trace').style.minHeight = '3000px'; window.scrollTo(0, 2000)")
    tab.wait("document.querySelector('#list').getBoundingClientRect().top == 0")  # it stays in view
    tab.press("n")
    tab.wait(reads.format("a1"))
    tab.wait("document.querySelector('#reading').getBoundingClientRect().top >= 0")
    tab.click('#found a[data-rollout="a2"]')
    tab.wait(reads.format("a2"))
    assert tab.run("location.search") == f"?tab=browse&recipe=r&night={NIGHT}&list=1&rollout=a2"
    tab.press("t")
    assert tab.run("document.querySelector('#trace details.thought').open")
    assert tab.text("#trace .text mark.foreign") == "<b>One"
    tab.picture(tmp_path / "trace.png")
    assert "{{value}} ${document.title=2} $x^2$ **b**" in tab.text("#trace section .text")
    assert (tab.run("document.title"), tab.run("document.querySelector('#trace img')")) == ("r1data", None)

    tab.write("#begins textarea, #begins input", "x")
    tab.press("Enter")
    tab.wait("document.querySelectorAll('#found nav a').length == 1")
    tab.wait(reads.format("x1"))
    tab.press("Escape")
    tab.press("4")
    tab.wait("document.querySelector('#rows table')?.innerText.includes('verification:unreadable')")
    tab.wait("document.querySelector('#chart canvas, #chart svg')")
    tab.picture(tmp_path / "sql.png")
    tab.press("1")
    assert tab.run("location.search").endswith("id=x&list=1&rollout=x1")

    link = tab.run("location.href")
    tab.open("about:blank")
    tab.wait("location.href == 'about:blank'")
    tab.open(link)
    tab.wait(reads.format("x1"))
    assert tab.run("document.querySelectorAll('#found nav a').length") == 1
    assert {urlsplit(url).hostname for url in tab.requested if url.startswith("http")} == {"127.0.0.1"}
    assert tab.problems == []


def test_a_question_is_run_by_a_key_and_narrow_windows_reach_every_tab(
    page: str, tab: Any, tmp_path: Path
) -> None:
    tab.size(1400, 900)
    tab.open(f"{page}/?tab=sql&question=why&rollout_id=a1")
    tab.wait("document.querySelector('#rows table')?.innerText.includes('verdict of math')")
    lines = "document.querySelectorAll('#sql_text .cm-line').length"
    n_lines = tab.run(lines)
    tab.run("document.querySelector('#rows').innerHTML = ''")
    tab.click("#sql_text .cm-content")
    tab.press("Enter", control=True)
    tab.wait("document.querySelector('#sql_message')?.innerText.includes('r1data sql why -p')")
    assert tab.run(lines) == n_lines
    tab.press("Escape")
    tab.size(390, 844)
    tab.picture(tmp_path / "phone.png")
    tab.size(320, 700)  # two tabs stand behind "…"
    tab.open(f"{page}/?tab=browse")
    tab.wait("document.querySelector('#trace article')")
    tab.wait("document.querySelectorAll('.overflow-dropdown button').length == 2")
    tab.press("4")
    tab.wait("document.querySelector('#rows table')?.innerText.includes('verification:unreadable')")
    assert tab.problems == []
