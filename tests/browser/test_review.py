"""People review in a browser: buttons, keys, an edit that is refused and one that is stored."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from r1data.lake import Lake

pytestmark = pytest.mark.browser


def test_a_person_approves_rejects_and_edits_and_the_ledger_holds_exactly_that(
    page: str, tab: Any, review_lake: Lake, tmp_path: Path
) -> None:
    shows = "document.querySelector('#card article')?.dataset.rollout == '{}'"
    tab.size(1280, 800)
    tab.open(f"{page}/?tab=review")
    tab.wait(shows.format("a1"))
    tab.picture(tmp_path / "first.png")
    assert not tab.run("document.querySelector('details.thought').open")
    assert tab.text("#card section .text").startswith("1 + 1 = ?\n<img src=x onerror=")
    assert "{{value}} ${document.title=2} $x^2$ **b**" in tab.text("#card section .text")
    assert (tab.run("document.title"), tab.run("document.querySelector('#card img')")) == ("r1data", None)

    tab.write("#reviewer input, #reviewer textarea", "ada")
    tab.write("#note input, #note textarea", "clear and short, art")  # holds the letters of keys
    tab.click("#approve")
    tab.wait(shows.format("a2"))
    tab.click("#approve", count=2)  # the rest of a double click says nothing about a2
    tab.press("t")
    assert tab.run("document.querySelector('details.thought').open")
    tab.press("r")
    tab.wait(shows.format("a3"))

    tab.press("e")
    tab.write("#edited_answer textarea", "The answer is 3.")
    tab.click("#store")
    tab.wait("document.querySelector('#message').innerText.includes('the edited answer is not right')")
    assert tab.run("document.querySelector('#edited_answer textarea').value") == "The answer is 3."
    tab.picture(tmp_path / "refused.png")
    tab.write("#edited_answer textarea", "So the answer is 2.")
    tab.click("#store")
    tab.wait(shows.format("a4"))
    tab.size(390, 844)
    tab.picture(tmp_path / "phone.png")

    found = review_lake.scan("reviews").sort("reviewed_at").collect()
    assert found.select("rollout_id", "verdict", "answer", "reviewer", "note").rows() == [
        ("a1", "approve", None, "ada", "clear and short, art"),
        ("a2", "reject", None, "ada", None),
        ("a3", "edit", "So the answer is 2.", "ada", None),
    ]
    assert {urlsplit(url).hostname for url in tab.requested if url.startswith("http")} == {"127.0.0.1"}
    assert tab.problems == []
