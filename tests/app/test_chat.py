"""The chat without a browser: who is asked, what a server streams, what is shown of it, what is refused."""

import asyncio
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from r1data.app import chat_markup
from r1data.app.chat_moves import ChatMoves
from r1data.app.chat_parties import may_be_linked, party
from r1data.app.chat_stream import Stream
from r1data.app.chat_talk import Reply, Talk, Turn
from r1data.app.markup import escaped
from r1data.app.servers import Servers
from r1data.curate.review_one import Said, reviewed
from r1data.errors import ConfigError, EngineError
from r1data.generate.engine import Request
from r1data.generate.models import ModelFolder
from r1data.lake import Lake
from r1data.recipe import Teacher
from tests.generate.engines.chat_server import ChatServer, refusal
from tests.generate.engines.chat_server import Reply as Served

HOSTILE = '<script>x</script><img src=x onerror="x"> ![i](http://a.b/c) $$x$$ {{value}} ${x} `c`'


def streamed(*deltas: dict[str, Any], finish: str | None = "stop", tokens: int = 9) -> Served:
    """What a server streams of a chat completion."""
    chunks = [{"id": "c1", "choices": [{"delta": delta, "finish_reason": None}]} for delta in deltas]
    if finish:
        chunks.append({"id": "c1", "choices": [{"delta": {}, "finish_reason": finish}]})
        chunks.append({"id": "c1", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": tokens}})
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return Served(
        content="".join([*lines, "data: [DONE]\n\n"]).encode(), headers={"Content-Type": "text/event-stream"}
    )


def asked(server: ChatServer | str, *texts: str, max_tokens: int = 50) -> Talk:
    """A conversation in which both sides were asked these messages, one after the other, at one server."""
    talk, moves = Talk(), ChatMoves(Lake("/nowhere"), Servers())
    url = server if isinstance(server, str) else server.url

    async def all_of_them() -> None:
        for text in texts:
            async for _ in moves.send(talk, text, url, f"{url} m", 0.6, 0.95, max_tokens):
                pass

    asyncio.run(all_of_them())
    return talk


def reply(talk: Talk) -> Reply:
    return talk.turns[-1].replies["left"]


def test_both_sides_are_asked_at_once_with_the_sliders_and_thoughts_stay_out_of_what_follows() -> None:
    said = streamed({"reasoning": "I "}, {"reasoning": "add."}, {"content": "It "}, {"content": "is 4."})
    with ChatServer(said, said, said, said) as server:
        talk = asked(server, "What is 2 + 2?", "And 3 + 3?")
        bodies = [one.body for one in server.asked()]
    assert len(bodies) == 4
    assert (bodies[0]["temperature"], bodies[0]["top_p"], bodies[0]["max_tokens"]) == (0.6, 0.95, 50)
    history = [("user", "What is 2 + 2?"), ("assistant", "It is 4."), ("user", "And 3 + 3?")]
    assert [(one["role"], one["content"]) for one in bodies[-1]["messages"]] == history
    told = reply(talk).stream.told()
    assert told.text == "<think>\nI add.\n</think>\n\nIt is 4."
    assert "9 tokens · ≈ " in chat_markup.live(talk) and "stop: ended by itself" in chat_markup.live(talk)


def test_a_prompt_that_leaves_less_room_is_asked_again_with_the_room() -> None:
    message = "maximum context length is 40 tokens, and you asked with 30 input tokens"
    refused, said = refusal(400, message), streamed({"content": "4"})
    with ChatServer(otherwise=lambda n, body: refused if body["max_tokens"] == 50 else said) as server:
        talk = asked(server, "hi")
        caps = sorted(one.body["max_tokens"] for one in server.asked())
    assert caps == [10, 10, 50, 50] and reply(talk).error == ""
    assert "clipped to the context: at most 10 tokens" in chat_markup.live(talk)


def test_no_more_tokens_are_asked_for_than_the_context_has() -> None:
    said, listed = streamed({"content": "4"}), Served(200, {"data": [{"id": "m", "max_model_len": 40}]})
    with ChatServer(said, said, models=listed) as server:
        talk = asked(server, "hi")
        caps = sorted(one.body["max_tokens"] for one in server.asked())
    assert caps == [39, 50]  # who is named, nobody looks up
    assert "clipped to the context: at most 39 tokens" in chat_markup.live(talk)


@pytest.mark.parametrize(
    ("served", "told"),
    [
        (Served(429, {"error": {"message": "full"}}, {"Retry-After": "7"}), "try again in 7 s"),
        (refusal(400, "maximum context length is 40 tokens"), "The conversation is too long for the context"),
        (refusal(401, "no"), "R1DATA_CHAT_KEY"),
        (refusal(500, "boom"), "failed: HTTP 500 boom"),
        (streamed({"content": "I am cut"}, finish=None), "broke off after 8 characters"),
        (Served(content=b'data: {"error": {"message": "out of memory"}}\n\n'), "broke off: out of memory"),
        (Served(content=b"data: x", missing_bytes=9), "does not answer or broke off"),
    ],
)
def test_what_a_server_cannot_do_is_told_in_one_line(served: Served, told: str) -> None:
    with ChatServer(served, served) as server:
        talk = asked(server, "hi")
    assert told in reply(talk).error and "\n" not in reply(talk).error
    assert not reply(talk).may_be_thumbed and not talk.running


def test_a_server_that_is_gone_or_names_no_model_is_told() -> None:
    with ChatServer(models=Served(200, {"data": []})) as server:
        talk = asked(server, "hi")
    assert "names no model" in reply(talk).error
    assert "does not answer" in reply(asked(server.url, "hi")).error


def test_an_address_without_v1_is_told_of_it_and_one_with_it_is_not() -> None:
    with ChatServer(models=refusal(404, "Not Found")) as server:
        bare = asked(server.url.removesuffix("/v1"), "hi")
        whole = asked(server, "hi")
    assert reply(bare).error.endswith("model: Not Found. Does the address end with /v1?")
    assert reply(whole).error.endswith("model: Not Found.")


def test_stop_closes_the_connections_at_once_and_shows_what_was_there() -> None:
    with ChatServer(otherwise=lambda number, body: Served(hangs=True)) as server:
        talk, moves = Talk(), ChatMoves(Lake("/nowhere"), Servers())

        async def stopped() -> None:
            async for _ in moves.send(talk, "hi", f"{server.url} m", f"{server.url} m", 0.6, 0.95, 50):
                if len(server.asked()) == 2:
                    moves.stop(talk)

        began = time.monotonic()
        asyncio.run(stopped())
    assert time.monotonic() - began < 10
    assert reply(talk).stopped and "Stopped." in chat_markup.live(talk) and not reply(talk).may_be_thumbed


def written(reasoning: str, content: str = "", finish: str = "stop") -> Talk:
    """A conversation with a reply as a server would have streamed it."""
    stream = Stream(Request("r", "p", 0, (), 1, 2048), "c1", [content], [reasoning], finish)
    stream.n_chars = len(reasoning) + len(content)
    one = Reply("m", stream=stream, done=True)
    return Talk([Turn(HOSTILE, {"left": one, "right": one})])


def test_hostile_texts_are_shown_as_they_were_written() -> None:
    shown = chat_markup.live(written(HOSTILE, HOSTILE))
    assert shown.count("&lt;script&gt;x&lt;/script&gt;&lt;img src=x onerror=&quot;x&quot;&gt;") == 5
    assert not any(word in shown for word in ("<script", "<img", "{{", "${", "$$", "`"))


def test_a_long_thought_is_cut_until_all_of_it_is_wanted() -> None:
    thought = "".join(f"Step {n}: so it goes on.\n" for n in range(20_000))
    talk = written(thought, "4")
    left = talk.turns[0].replies["left"]
    shown = chat_markup.live(talk)
    assert len(shown) < 60_000 and f"show all {len(thought) - 1:,}<" in shown
    left.whole = True
    assert chat_markup.live(talk).count("so it goes on.") == 40_000
    left.done, left.whole = False, False
    assert len(chat_markup.live(talk)) < 6_000


def test_a_thought_that_is_never_closed_and_a_text_without_tags_are_told_apart() -> None:
    capped = chat_markup.live(written("I think and", finish="length"))
    assert "never closed" in capped and "the cap of 2,048 tokens" in capped
    bare = chat_markup.live(written("", "It is 4."))
    assert "Thought" not in bare and "It is 4." in bare


def test_a_reply_that_ends_otherwise_says_why_it_has_no_thumbs() -> None:
    for finish in ("content_filter", "<tool_calls>"):
        shown = chat_markup.live(written("I think.", "It is", finish=finish))
        assert f"the server ended this by “{escaped(finish)}”" in shown and "data-act" not in shown
    for finish in ("stop", "length"):
        shown = chat_markup.live(written("I think.", "It is", finish=finish))
        assert "No thumbs" not in shown and shown.count("data-act") == 4


def test_a_teacher_is_asked_as_its_recipe_asks_without_few_shots_and_the_page_says_so() -> None:
    cold = party("teacher:smollm2-cold-start")
    assert cold.teacher.few_shots == () and cold.teacher.prefill == "<think>\n"
    assert "few-shots are left out" in cold.note and "its system prompt" in cold.note
    assert cold.at(0.6, 0.95).sampling.temperature == 0.6
    for word in ("teacher:program", "teacher:smolm", "loop", "", "http://me:secret@127.0.0.1/v1", "ftp://x"):
        with pytest.raises(ConfigError):
            party(word)


def test_a_key_goes_to_its_own_address_alone_and_links_name_no_other_hosts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("R1DATA_CHAT_KEY", "secret")
    monkeypatch.setenv("R1DATA_CHAT_URL", "https://api.example/v1")
    assert party("https://api.example/v1 m").key == "secret"
    assert party("http://127.0.0.1:1/v1").key is None
    assert may_be_linked("http://127.0.0.1:8000/v1 m", []) and may_be_linked("teacher:a", ["teacher:a"])
    assert not may_be_linked("https://evil.example/v1", ["teacher:a"]) and not may_be_linked("http://[", [])


def test_a_server_that_does_not_start_says_why_in_one_line_with_its_log(
    home: Path, embedded_model: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("R1DATA_TOKEN", "ü")
    servers, teacher = Servers(), Teacher(name="m", model="embedded:smollm2-135m-instruct")

    async def start() -> None:
        first, second = await servers.wanted(teacher), await servers.wanted(teacher)
        assert first is second
        await servers.wait(first)

    with pytest.raises(EngineError, match=r"ended: .*R1DATA_TOKEN holds letters.* Its log is .*\.log\.$"):
        asyncio.run(start())
    servers.stop()


@pytest.mark.parametrize("address", ["http://[", "http://127.0.0.1:99999/v1", "http://\x01/v1"])
def test_an_address_that_is_none_ends_in_one_line(address: str) -> None:
    for said in asked(address, "2 + 2?").turns[-1].replies.values():
        assert said.done and said.error and "\n" not in said.error


def test_a_thumb_that_somebody_overruled_meanwhile_is_told_and_then_overrules(home_lake: Lake) -> None:
    moves = ChatMoves(home_lake, Servers())
    with ChatServer(streamed({"content": "4"}), streamed({"content": "4"})) as server:
        talk = asked(server, "2 + 2?")
    rollout = reply(talk).asked.request.rollout_id

    def thumb(way: str) -> str:
        return asyncio.run(moves.act(talk, f"{way} 0 left", "ada"))["message"]["value"]

    assert "Stored: thumb up" in thumb("up")
    bob = reviewed(home_lake, Said(rollout, "reject", "bob", reply(talk).review_id), datetime.now(UTC))
    home_lake.append("reviews", bob)
    assert "Meanwhile bob reviewed this rollout" in thumb("up")
    assert "Stored: thumb up" in thumb("up")
    said = home_lake.scan("reviews").sort("reviewed_at").collect()
    assert said.select("verdict", "reviewer").rows() == [
        ("approve", "ada"),
        ("reject", "bob"),
        ("approve", "ada"),
    ]
