"""People chat in a browser: hostile texts stay text, thoughts fold, thumbs are stored, also quick ones."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import polars as pl
import pytest

from r1data.lake import Lake
from tests.app.test_chat import HOSTILE, streamed
from tests.conftest import new_home
from tests.generate.engines.chat_server import ChatServer, Reply

pytestmark = pytest.mark.browser
EVIL = HOSTILE.replace("http://a.b", "http://elsewhere.example") + "<img src=http://elsewhere.example/i.png>"

ENDED = "document.querySelectorAll('#chat_live article[aria-busy=false]').length == 2"
PRESSED = (
    "Array.from(document.querySelectorAll('#chat_live [aria-pressed=true]'), (x) => x.classList[1]).join()"
)
NAME = "#chat_name :is(input, textarea)"


@pytest.fixture(scope="module")
def chat_home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The home whose lake holds what these tests store."""
    return new_home(tmp_path_factory.mktemp("chats"))


@pytest.fixture(scope="module")
def page(chat_home: dict[str, str], app_over: Callable[[dict[str, str]], str]) -> str:
    """The address of `r1data app` over a lake that was empty before these tests."""
    return app_over(os.environ | chat_home)


@pytest.fixture
def stored(chat_home: dict[str, str]) -> Callable[[str], pl.DataFrame]:
    """A function: what this test has added to a table."""
    lake = Lake(chat_home["R1DATA_LAKE"])
    before = {table: lake.scan(table).collect() for table in ("reviews", "rollouts")}
    return lambda table: lake.scan(table).collect().join(before[table], "rollout_id", how="anti")


def test_a_person_asks_two_models_looks_into_a_thought_and_thumbs_an_answer(
    page: str, tab: Any, stored: Callable[[str], pl.DataFrame], tmp_path: Path
) -> None:
    long = streamed({"reasoning": f"{EVIL} and so on. " * 4000}, {"content": EVIL})
    full = Reply(429, {"error": {"message": "full"}}, {"Retry-After": "7"})
    with ChatServer(long) as left, ChatServer(full) as right:
        tab.size(1400, 900)
        tab.open(f"{page}/?tab=chat&left={quote(left.url)}&right={quote(right.url)}")
        tab.wait(f"document.querySelector('#chat_right input')?.value == '{right.url}'")
        tab.write("#chat_text textarea", f"What is this? {EVIL}")
        tab.click("#chat_sampling > button")
        tab.write(NAME, "ada")
        tab.click("#chat_sampling > button")
        tab.click("#chat_send")
        tab.wait(ENDED)
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
    review = stored("reviews")
    assert review.select("verdict", "reviewer").rows() == [("approve", "ada")]
    assert stored("rollouts")["rollout_id"].to_list() == review["rollout_id"].to_list()


def enter(page: str, tab: Any, server: ChatServer) -> None:
    """Open the chat with one server on both sides."""
    word = quote(f"{server.url} m")
    tab.open(f"{page}/?tab=chat&left={word}&right={word}")
    tab.wait(f"document.querySelector('#chat_right input')?.value == '{server.url} m'")


def ask(tab: Any, text: str) -> None:
    tab.write("#chat_text textarea", text)
    tab.press("Enter")


def test_two_quick_thumbs_are_both_stored_by_the_name_that_the_field_shows(
    page: str, tab: Any, stored: Callable[[str], pl.DataFrame]
) -> None:
    said = streamed({"content": "It is 4."})
    with ChatServer(otherwise=lambda number, body: said) as server:
        tab.size(1400, 900)
        enter(page, tab, server)
        tab.click("#chat_sampling > button")
        tab.write(NAME, "ada")
        ask(tab, "2 + 2?")
        tab.wait(ENDED)
        tab.run("localStorage.setItem('r1data_reviewer', 'bob'), document.activeElement.blur()")
        tab.press("u")
        time.sleep(0.05)
        tab.send("Input.dispatchKeyEvent", type="keyDown", key="D", text="D", modifiers=8)  # with Shift
        tab.wait(f"{PRESSED} == 'up,down'")
        tab.run(
            "document.querySelectorAll('#chat_live button[aria-pressed=false]').forEach((one) => one.click())"
        )
        tab.wait(f"{PRESSED} == 'down,up'")
    rows = stored("reviews").select("verdict", "reviewer").sort("verdict").rows()
    assert rows == [("approve", "ada")] * 2 + [("reject", "ada")] * 2


def test_a_name_that_is_typed_in_another_tab_or_window_is_in_every_field(page: str, tab: Any) -> None:
    shows = "document.querySelector('{}')?.value == '{}'"
    review = "#reviewer :is(input, textarea)"
    tab.size(1400, 900)
    tab.open(f"{page}/?tab=chat")
    tab.click("#chat_sampling > button")
    tab.write(NAME, "ada")
    tab.run("document.activeElement.blur()")
    tab.press("2")
    tab.wait(shows.format(review, "ada"))
    tab.write(review, "bob")
    tab.run("document.activeElement.blur()")
    tab.press("3")
    tab.click("#chat_sampling > button")
    tab.wait(shows.format(NAME, "bob"))
    tab.run("other = document.body.appendChild(document.createElement('iframe')).contentWindow, 0")
    tab.run("other.localStorage.setItem('r1data_reviewer', 'eve')")  # of another document, as of a window
    tab.wait(shows.format(NAME, "eve"))
    tab.press("2")
    tab.wait(shows.format(review, "eve"))


def test_enter_is_answered_while_models_write_and_after_clear_and_thumbs_stay_in_reach(
    page: str, tab: Any
) -> None:
    hangs, said = Reply(hangs=True), streamed({"content": "It is 4.\n" * 60})
    typed = "document.querySelector('#chat_text textarea').value"
    with ChatServer(otherwise=lambda number, body: hangs if number <= 2 else said) as server:
        tab.size(390, 844)
        enter(page, tab, server)
        ask(tab, "first")
        tab.wait(f"{typed} == '' && document.querySelector('#chat_stop')")
        ask(tab, "second")
        tab.wait("document.querySelector('#chat_message').innerText.includes('Press Stop first')")
        assert tab.run(typed) == "second"
        tab.click("#chat_clear")
        tab.run("document.querySelector('#chat_text textarea').focus()")
        tab.press("Enter")
        tab.wait(ENDED)
    assert tab.text("#chat_live .asked") == "second"
    tab.click("#chat_sampling > button")
    tab.run("place = (what) => document.querySelector(what).getBoundingClientRect()")
    tab.wait("place('#chat_actions').height > 350")
    tab.run("end = () => window.scrollTo(0, document.documentElement.scrollHeight)")
    tab.wait("(end(), place('#chat_live [data-side=right] .thumbs').bottom < place('#chat_actions').top)")
