"""People chat in a browser: hostile texts stay text, thoughts fold, a thumb is stored."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from r1data.lake import Lake
from tests.app.test_chat import HOSTILE, streamed
from tests.generate.engines.chat_server import ChatServer, Reply

pytestmark = pytest.mark.browser
EVIL = HOSTILE.replace("http://a.b", "http://elsewhere.example") + "<img src=http://elsewhere.example/i.png>"


@pytest.fixture
def page(home: Path, app_over: Callable[[dict[str, str]], str]) -> str:
    """The address of `r1data app` over an empty lake."""
    return app_over(dict(os.environ))


def test_a_person_asks_two_models_looks_into_a_thought_and_thumbs_an_answer(
    page: str, tab: Any, home_lake: Lake, tmp_path: Path
) -> None:
    long = streamed({"reasoning": f"{EVIL} and so on. " * 4000}, {"content": EVIL})
    full = Reply(429, {"error": {"message": "full"}}, {"Retry-After": "7"})
    with ChatServer(long) as left, ChatServer(full) as right:
        tab.size(1400, 900)
        tab.open(f"{page}/?tab=chat&left={quote(left.url)}&right={quote(right.url)}")
        tab.wait(f"document.querySelector('#chat_right input')?.value == '{right.url}'")
        tab.write("#chat_text textarea", f"What is this? {EVIL}")
        tab.run("localStorage.setItem('r1data_reviewer', 'ada')")
        tab.click("#chat_send")
        tab.wait("document.querySelectorAll('#chat_live article[aria-busy=false]').length == 2")
        assert "try again in 7 s" in tab.text("#chat_live article[data-side=right] .notice.error")
        assert not tab.run("document.querySelector('#chat_live details').open")
        assert tab.text("#chat_live .answer").strip() == EVIL
        tab.picture(tmp_path / "folded.png")

        tab.click("#chat_live summary")
        tab.run("document.querySelector('#chat_live button.whole').click()")
        tab.wait("document.querySelectorAll('#chat_live .piece').length > 100")
        assert tab.run("document.querySelector('#chat_live details').open")
        tab.picture(tmp_path / "whole.png")
        tab.run("document.activeElement.blur()")
        tab.press("u")
        tab.wait("document.querySelector('#chat_live button.up[aria-pressed=true]')")
        tab.size(390, 844)
        tab.picture(tmp_path / "phone.png")
        tab.click("#chat_clear")
        tab.wait("!document.querySelector('.chat_thread .turn')")

    assert tab.run("document.title") == "r1data"
    assert tab.run("document.querySelectorAll('.chat_thread :is(img, a, script)').length") == 0
    assert {urlsplit(url).hostname for url in tab.requested if url.startswith("http")} == {"127.0.0.1"}
    assert tab.problems == []
    review = home_lake.scan("reviews").collect()
    assert review.select("verdict", "reviewer").rows() == [("approve", "ada")]
    assert home_lake.scan("rollouts").collect()["rollout_id"].to_list() == review["rollout_id"].to_list()
