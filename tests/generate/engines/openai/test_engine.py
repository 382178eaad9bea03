import random
import re
import time

import pytest

from r1data.errors import ConfigError, EngineError
from r1data.generate.engines.openai.engine import OpenaiEngine
from r1data.generate.journal import Journal
from r1data.generate.models import resolve
from r1data.generate.queue import Queue
from r1data.generate.rollout import run
from r1data.recipe import Generate
from tests.generate.engines.chat_server import (
    TIMEOUT_S,
    ChatServer,
    Reply,
    ask,
    engine_for,
    refusal,
    requests,
)


def test_a_rollout_comes_back_with_what_the_server_counted(make_attempts, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "not for this server")
    with ChatServer() as server, engine_for(server) as engine:
        (completion,) = ask(engine, make_attempts(1))
        assert (completion.text, completion.finish_reason, completion.retries) == ("4", "stop", 0)
        assert (completion.prompt_tokens, completion.completion_tokens) == (7, 3)
        assert engine.name == "openai m" and engine.slots == 4
        expected = {"requests": 1, "completions": 1, "prompt_tokens": 7, "completion_tokens": 3, "retries": 0}
        assert expected.items() <= engine.counters().items()
        (asked,) = server.asked()
        assert asked.body["model"] == "m" and asked.body["seed"] > 0 and "top_k" not in asked.body
        assert "authorization" not in asked.headers
        assert "not for this server" not in asked.headers.values()


@pytest.mark.parametrize(
    "fault",
    [
        refusal(500, "oops"),
        refusal(429, "slow down"),
        refusal(408, "late"),
        refusal(409, "busy"),
        refusal(425, "early"),
        Reply(503, b"<html>no backend</html>"),
        Reply(200, b'{"choices": [{"mess', missing_bytes=500),
        Reply(200, b"<html>welcome</html>"),
        Reply(200, b'{"choices": [{"mess'),
        Reply(200, b"[" * 100_000),
        Reply(200, {"choices": []}),
        Reply(200, {"error": {"message": "the server behind me died"}}),
        Reply(200, ["no object"]),
    ],
    ids=lambda fault: str(fault.content)[:24],
)
def test_a_passing_fault_is_one_retry(make_attempts, fault):
    with ChatServer(fault) as server, engine_for(server) as engine:
        (completion,) = ask(engine, make_attempts(1))
        assert (completion.text, completion.finish_reason, completion.retries) == ("4", "stop", 1)
        assert len({asked.body["seed"] for asked in server.asked()}) == 1 and len(server.asked()) == 2
        assert engine.counters()["retries"] == 1


def test_a_server_that_never_answers_is_left_after_timeout_s(make_attempts):
    with ChatServer(Reply(hangs=True)) as server, engine_for(server, timeout_s=2) as engine:
        (completion,) = ask(engine, make_attempts(1))
        assert (completion.finish_reason, completion.retries) == ("stop", 1)


def test_after_max_retries_the_rollout_is_a_row_that_says_what_went_wrong(make_attempts):
    with ChatServer(*[refusal(429, "slow\ndown")] * 3) as server, engine_for(server, max_retries=2) as engine:
        (completion,) = ask(engine, make_attempts(1))
        assert (completion.finish_reason, completion.retries) == ("error", 2)
        assert completion.detail == "HTTP 429: slow down"
        assert ask(engine, make_attempts(1))[0].finish_reason == "stop"
        assert len(server.asked()) == 4


def test_a_prompt_that_is_too_long_is_rejected(make_attempts):
    said_so = (
        "This model's maximum context length is 1024 tokens. However, your prompt contains 2001 input tokens"
    )
    with ChatServer(refusal(400, said_so)) as server, engine_for(server) as engine:
        (completion,) = ask(engine, make_attempts(1))
        assert (completion.finish_reason, completion.text, completion.retries) == ("rejected", "", 0)
        assert "maximum context length" in completion.detail and len(server.asked()) == 1


def test_a_cap_that_is_larger_than_the_room_is_cut_to_it(make_attempts):
    said_so = (
        "This model's maximum context length is 20 tokens. However, you requested 28 tokens "
        "(12 in the messages, 16 in the completion). Please reduce the length of the messages or completion."
    )
    with ChatServer(refusal(400, said_so)) as server, engine_for(server) as engine:
        assert ask(engine, make_attempts(1))[0].finish_reason == "stop"
        assert [asked.body["max_tokens"] for asked in server.asked()] == [16, 8]
    models = Reply(200, {"data": [{"id": "m", "max_model_len": 9}]})
    with ChatServer(models=models) as server, engine_for(server) as engine:
        ask(engine, make_attempts(1))
        assert server.asked()[0].body["max_tokens"] == 9


@pytest.mark.parametrize(
    ("status", "message", "finish_reason"),
    [
        (400, "Your request was rejected as a result of our safety system.", "refusal"),
        (400, "The prompt triggered Azure's content management policy.", "refusal"),
        (403, "Your input was flagged by moderation.", "refusal"),
        (400, "Invalid value for 'seed'", "error"),
        (422, "Input should be a valid number", "error"),
    ],
)
def test_what_a_server_will_never_answer_is_a_row_without_retries(
    make_attempts, status, message, finish_reason
):
    with ChatServer(refusal(status, message)) as server, engine_for(server) as engine:
        (completion,) = ask(engine, make_attempts(1))
        assert (completion.finish_reason, completion.retries) == (finish_reason, 0)
        assert message in completion.detail and len(server.asked()) == 1


def test_a_recipe_that_makes_servers_refuse_everything_ends_the_engine(make_attempts):
    with ChatServer(otherwise=lambda number, body: refusal(400, "Unknown parameter: 'seed'")) as server:
        with engine_for(server) as engine, pytest.raises(EngineError, match=r"Unknown parameter.*\$omit"):
            engine.submit(requests(make_attempts(50)))
            while True:
                engine.poll(1)
        assert len(server.asked()) < 20


@pytest.mark.parametrize(
    ("status", "error", "says"),
    [
        (401, {"message": "Incorrect API key provided: sk-very-secret"}, "the key in R1DATA_TEST_KEY"),
        (403, {"message": "Forbidden"}, "the key in R1DATA_TEST_KEY"),
        (402, {"message": "Insufficient Balance"}, "no credit left"),
        (429, {"message": "You exceeded your quota", "code": "insufficient_quota"}, "no credit left"),
        (
            404,
            {"message": "The model `m` does not exist."},
            r"does not know the model m .+It lists big, small",
        ),
    ],
)
def test_what_no_repetition_mends_ends_the_engine(make_attempts, monkeypatch, status, error, says):
    monkeypatch.setenv("R1DATA_TEST_KEY", "sk-very-secret")
    models = Reply(200, {"data": [{"id": "big"}, {"id": "small"}]})
    with ChatServer(Reply(status, {"error": error}), models=models) as server:
        with engine_for(server, key="R1DATA_TEST_KEY") as engine:
            engine.submit(requests(make_attempts(1)))
            with pytest.raises(EngineError, match=says) as caught:
                engine.poll(TIMEOUT_S)
        assert "secret" not in str(caught.value) and "secret" not in engine.name
        assert server.asked()[0].headers["authorization"] == "Bearer sk-very-secret"


def test_a_wrong_key_is_found_before_anything_is_asked(monkeypatch):
    monkeypatch.setenv("R1DATA_TEST_KEY", "wrong")
    says = pytest.raises(EngineError, match="R1DATA_TEST_KEY")
    with ChatServer(models=refusal(401, "no")) as server, says, engine_for(server, key="R1DATA_TEST_KEY"):
        pytest.fail("it started")


def test_a_recipe_that_cannot_work_is_refused_before_anything_starts(monkeypatch):
    monkeypatch.delenv("R1DATA_TEST_KEY", raising=False)
    with pytest.raises(ConfigError, match=r"R1DATA_TEST_KEY.+is not set"):
        engine_for("http://127.0.0.1:1/v1", key="R1DATA_TEST_KEY")
    with pytest.raises(ConfigError, match="names no endpoint"):
        engine_for()
    with pytest.raises(ConfigError, match="holds more than host and path") as caught:
        engine_for("http://me:secret@127.0.0.1:1/v1")
    assert "secret" not in str(caught.value)
    with pytest.raises(ConfigError, match="refers to no key"):
        engine_for("http://127.0.0.1:1/v1", extra_body={"max_completion_tokens": "$cap"})
    with pytest.raises(ConfigError, match="is no address"):
        engine_for("127.0.0.1:8000/v1")
    with pytest.raises(ConfigError, match='model = "api:NAME"'):
        OpenaiEngine(Generate(openai={"endpoints": [{"url": "http://127.0.0.1:1/v1"}]}), resolve("fake:x"))


def test_weights_of_servers_are_not_replaced():
    with ChatServer() as server, engine_for(server) as engine, pytest.raises(EngineError, match="replaced"):
        engine.load("embedded:smollm2-135m-instruct")


def test_vllm_is_told_every_value_of_sampling(make_attempts):
    models = Reply(200, {"data": [{"id": "m", "owned_by": "vllm"}]})
    with ChatServer(models=models) as server, engine_for(server, extra_body={"min_p": 0.1}) as engine:
        ask(engine, make_attempts(1))
        told = {"top_k": -1, "min_p": 0.1, "repetition_penalty": 1.0, "skip_special_tokens": False}
        assert told.items() <= server.asked()[0].body.items()


def test_leaving_the_engine_ends_what_is_in_flight(make_attempts):
    with ChatServer(otherwise=lambda number, body: Reply(hangs=True)) as server:
        with engine_for(server) as engine:
            engine.submit(requests(make_attempts(9)))
            while len(server.asked()) < 4:
                time.sleep(0.01)
        assert engine.pending == 0 and len(server.asked()) == 4


def test_every_attempt_is_one_row_under_a_server_that_fails_every_third_request(make_attempts, tmp_path):
    faults = [refusal(500, "oops"), refusal(429, "slow"), Reply(200, b"{"), Reply(200, b"{", missing_bytes=9)]
    chance = random.Random(7)

    def sometimes(number, body):
        return chance.choice(faults) if chance.random() < 1 / 3 else Reply()

    frames = []
    with ChatServer(otherwise=sometimes) as server, engine_for(server, concurrency=16) as engine:
        with Journal(tmp_path / "journal") as journal:
            summary = run(Queue(make_attempts(120)), engine, journal, frames.append)
        rows = frames[0]
        assert rows.height == rows["rollout_id"].n_unique() == summary.rollouts == 120
        assert rows["finish_reason"].unique().to_list() == ["stop"]
        failed = len(server.asked()) - 120
        assert rows["retries"].sum() == failed == engine.counters()["retries"] > 20
        assert re.fullmatch("openai m", rows["engine"].unique().item())
