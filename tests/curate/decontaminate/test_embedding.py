"""The optional stage, against a server on 127.0.0.1 that embeds by the words that it knows."""

import json
from typing import Any

import polars as pl
import pytest

from r1data.curate.decontaminate import contamination
from r1data.errors import ConfigError, EngineError
from r1data.recipe import Contamination
from tests.generate.engines.chat_server import ChatServer, Reply, refusal, said

ITEM = "Tom has 3 boxes with 5 books in each box and 4 extra books. How many books does Tom have in total?"
TRANSLATED = "托姆有3个盒子，每个盒子里有5本书，另外还有4本书。他一共有多少本书？"
OTHER = "Name the deepest sea."
MEANS = {ITEM: [1.0, 0.1], TRANSLATED: [0.9, 0.15], OTHER: [0.1, 1.0]}


def embedded(body: Any) -> Reply:
    rows = [
        {"index": n, "embedding": MEANS[text], "object": "embedding"} for n, text in enumerate(body["input"])
    ]
    return Reply(200, {"object": "list", "model": body["model"], "data": rows[::-1], "usage": {}})


def compared(server: ChatServer | str, texts: list[str], **settings: Any) -> pl.DataFrame:
    ids = [f"r{number}" for number in range(len(texts))]
    columns = {"subject": ["trace"] * len(texts), "subject_id": ids, "night": ["2026-01-01"] * len(texts)}
    subjects = pl.LazyFrame({**columns, "text": texts})
    items = pl.LazyFrame({"benchmark": ["b"], "item_id": ["1"], "text": [ITEM]})
    url = server if isinstance(server, str) else server.url
    embedding = {"url": url, "model": "e", "threshold": 0.8, **settings}
    return contamination(subjects, items, Contamination(embedding=embedding))


EMBEDDINGS = {"/v1/embeddings": embedded}


def test_what_words_do_not_find_is_found_by_meaning_and_named_by_its_model():
    with ChatServer(paths=EMBEDDINGS) as server:
        table = compared(server, [ITEM, TRANSLATED, OTHER])
        asked = [request.body["input"] for request in server.asked("/v1/embeddings")]
    assert table["method"].to_list() == ["exact", "embedding", None]
    assert table["similarity"][1] == pytest.approx(0.9978, abs=0.001)
    assert "+e+" in table["version"][0]
    assert asked == [[ITEM], [TRANSLATED, OTHER]]  # what was found by words is not sent


def test_without_a_judge_a_text_with_other_numbers_is_another_problem(monkeypatch):
    other = TRANSLATED.replace("5本书", "6本书")
    monkeypatch.setitem(MEANS, other, MEANS[ITEM])
    with ChatServer(paths=EMBEDDINGS) as server:
        assert compared(server, [other, TRANSLATED])["method"].to_list() == [None, "embedding"]


def test_a_judge_decides_about_what_is_similar():
    def judged(number: int, body: Any) -> Reply:
        same = TRANSLATED in body["messages"][0]["content"]
        return Reply(200, said(json.dumps({"verdict": "same" if same else "different"})))

    with ChatServer(paths=EMBEDDINGS, otherwise=judged) as server:
        table = compared(server, [TRANSLATED, OTHER], threshold=0.1, judge="j")
        body = server.asked()[0].body
    assert table["method"].to_list() == ["judge", None]
    assert body["model"] == "j" and body["temperature"] == 0
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["verdict"]["enum"] == ["same", "different"]


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (refusal(404, "no such model"), "no such model"),
        (Reply(200, {"object": "list", "model": "e", "data": []}), "no embedding for each of 1 texts"),
        (
            Reply(200, {"object": "list", "model": "e", "data": [{"index": 0, "embedding": "no"}]}),
            "no embedding",
        ),
        (Reply(200, {"object": "list", "model": "e", "data": None}), "no embedding"),
    ],
)
def test_a_server_that_fails_stops_the_stage_and_says_what_to_do(reply, why):
    with (
        ChatServer(paths={"/v1/embeddings": lambda body: reply}) as server,
        pytest.raises(EngineError, match=why) as stopped,
    ):
        compared(server, [OTHER])
    assert "nothing was published" in str(stopped.value)


def test_a_judge_without_a_verdict_stops_the_stage():
    with (
        ChatServer(Reply(200, said("I think so")), paths=EMBEDDINGS) as server,
        pytest.raises(EngineError, match="gave no verdict of same, different"),
    ):
        compared(server, [TRANSLATED], judge="j")


def test_a_key_that_is_not_set_is_named(monkeypatch):
    monkeypatch.delenv("R1DATA_TEST_KEY", raising=False)
    with pytest.raises(ConfigError, match="R1DATA_TEST_KEY"):
        compared("http://127.0.0.1:9/v1", [OTHER], api_key_env="R1DATA_TEST_KEY")
