import random
import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from r1data.errors import ConfigError, EngineError
from r1data.generate.journal import Journal
from r1data.generate.models import resolve
from r1data.generate.openai import OpenaiEngine
from r1data.generate.rollout import run
from r1data.recipe import Generate
from tests.generate.chat_server import ChatServer, Reply, refusal, said

TIMEOUT_S = 20


def engine_for(*servers, concurrency=4, key=None, context_tokens=4096, **settings):
    """An engine that asks these servers (or addresses) and does not wait long."""
    urls = [server if isinstance(server, str) else server.url for server in servers]
    rooms = concurrency if isinstance(concurrency, tuple) else [concurrency] * len(urls)
    endpoints = [
        {"url": url, "concurrency": room, "api_key_env": key} for url, room in zip(urls, rooms, strict=True)
    ]
    quick = {"max_backoff_s": 0.05, "timeout_s": 10, "endpoints": endpoints} | settings
    return OpenaiEngine(
        Generate(engine="openai", openai=quick, context_tokens=context_tokens), resolve("api:m")
    )


@pytest.fixture
def ask(make_attempts):
    """`ask(engine, n)`: the completions of n attempts, in order."""

    def ask(engine, n=1, content="What is 2 + 2?"):
        requests = [attempt.request for attempt in make_attempts(n, content)]
        engine.submit(requests)
        found, deadline = {}, time.monotonic() + TIMEOUT_S
        while len(found) < n and time.monotonic() < deadline:
            found |= {completion.rollout_id: completion for completion in engine.poll(1)}
        assert len(found) == n and engine.pending == 0
        return [found[request.rollout_id] for request in requests]

    return ask


def test_a_rollout_comes_back_with_what_the_server_counted(ask):
    with ChatServer() as server, engine_for(server) as engine:
        (completion,) = ask(engine)
        assert (completion.text, completion.finish_reason, completion.retries) == ("4", "stop", 0)
        assert (completion.prompt_tokens, completion.completion_tokens) == (7, 3)
        assert engine.name == "openai m" and engine.slots == 4
        expected = {"requests": 1, "completions": 1, "prompt_tokens": 7, "completion_tokens": 3, "retries": 0}
        assert expected.items() <= engine.counters().items()
        (asked,) = server.asked()
        assert asked.body["model"] == "m" and asked.body["seed"] > 0 and "top_k" not in asked.body
        assert "authorization" not in asked.headers


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
def test_a_passing_fault_is_one_retry(ask, fault):
    with ChatServer(fault) as server, engine_for(server) as engine:
        (completion,) = ask(engine)
        assert (completion.text, completion.finish_reason, completion.retries) == ("4", "stop", 1)
        assert len({asked.body["seed"] for asked in server.asked()}) == 1 and len(server.asked()) == 2
        assert engine.counters()["retries"] == 1


def test_a_server_that_never_answers_is_left_after_timeout_s(ask):
    with ChatServer(Reply(hangs=True)) as server, engine_for(server, timeout_s=0.3) as engine:
        (completion,) = ask(engine)
        assert (completion.finish_reason, completion.retries) == ("stop", 1)


def test_after_max_retries_the_rollout_is_a_row_that_says_what_went_wrong(ask):
    with ChatServer(*[refusal(429, "slow\ndown")] * 3) as server, engine_for(server, max_retries=2) as engine:
        (completion,) = ask(engine)
        assert (completion.finish_reason, completion.retries) == ("error", 2)
        assert completion.detail == "HTTP 429: slow down"
        assert ask(engine)[0].finish_reason == "stop"
        assert len(server.asked()) == 4


@pytest.mark.parametrize("form", ["seconds", "milliseconds", "date"])
def test_a_429_with_retry_after_pauses_the_whole_server(ask, form):
    wait_s = 1 if form == "seconds" else 0.4
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=2.5), usegmt=True)  # whole seconds only
    header = {
        "seconds": {"Retry-After": "1"},
        "milliseconds": {"retry-after-ms": "400"},
        "date": {"Retry-After": date},
    }[form]
    with (
        ChatServer(Reply(429, {}, header), delay_s=0.01) as server,
        engine_for(server, concurrency=1) as engine,
    ):
        completions = ask(engine, 3)
        first, second, *_ = server.asked()
        assert second.at - first.at >= wait_s
        assert sorted(completion.retries for completion in completions) == [0, 0, 1]


def test_a_paused_server_leaves_its_requests_to_the_other_one(ask):
    limited, free = ChatServer(Reply(429, {}, {"Retry-After": "600"})), ChatServer()
    with limited, free, engine_for(limited, free, concurrency=1) as engine:
        assert {completion.finish_reason for completion in ask(engine, 6)} == {"stop"}
        assert len(limited.asked()) == 1 and len(free.asked()) == 6


def test_a_dead_server_beside_a_live_one_costs_no_rollout(ask):
    with ChatServer() as dead:
        pass
    with ChatServer() as live, engine_for(dead, live) as engine:
        assert {completion.finish_reason for completion in ask(engine, 12)} == {"stop"}
        assert len(live.asked()) == 12


def test_a_server_that_dies_midway_and_comes_back_is_used_again(ask):
    steady, frail = ChatServer(delay_s=0.02), ChatServer(delay_s=0.02)
    with steady, frail, engine_for(steady, frail, concurrency=2) as engine:
        ask(engine, 8)
        frail.stop()
        assert {completion.finish_reason for completion in ask(engine, 8)} == {"stop"}
        frail.start()
        before = len(frail.asked())
        deadline = time.monotonic() + TIMEOUT_S
        while len(frail.asked()) == before and time.monotonic() < deadline:
            ask(engine, 4)
        assert len(frail.asked()) > before


def test_while_no_server_answers_requests_wait_and_use_up_no_retries(ask, make_attempts):
    with ChatServer() as server, engine_for(server, max_retries=3) as engine:
        server.stop()
        engine.submit([attempt.request for attempt in make_attempts(8)])
        assert engine.poll(1) == []
        server.start()
        found = []
        while engine.pending:
            found += engine.poll(TIMEOUT_S)
        assert [completion.finish_reason for completion in found] == ["stop"] * 8


def test_the_engine_dies_when_no_server_answers_for_unhealthy_s_and_gives_back_what_was_finished(
    make_attempts,
):
    with ChatServer() as one, ChatServer(delay_s=0.05) as two:
        with engine_for(one, two, concurrency=1, unhealthy_s=0.3) as engine:
            engine.submit([attempt.request for attempt in make_attempts(2)])
            while len(one.asked()) + len(two.asked()) < 2:
                time.sleep(0.01)
            time.sleep(0.1)
            one.stop()
            two.stop()
            engine.submit([attempt.request for attempt in make_attempts(4, "Again?")])
            assert engine.poll(1)
            with pytest.raises(EngineError, match="No server answers any more") as caught:
                while True:
                    engine.poll(1)
            assert one.url in str(caught.value) and two.url in str(caught.value)
            with pytest.raises(EngineError):
                engine.poll(0)
        one.start()
        two.start()


def test_a_server_that_looks_healthy_and_completes_nothing_ends_the_engine(make_attempts):
    broken = ChatServer(otherwise=lambda number, body: refusal(500, "CUDA error"))
    with broken, engine_for(broken, max_retries=1000) as engine:
        engine.submit([attempt.request for attempt in make_attempts(4)])
        with pytest.raises(EngineError, match="CUDA error"):
            while True:
                engine.poll(1)


def test_requests_go_to_the_server_with_the_most_room_and_never_more_than_it_takes(ask):
    with ChatServer(delay_s=0.03) as small, ChatServer(delay_s=0.03) as large:
        with engine_for(small, large, concurrency=(2, 6)) as engine:
            assert engine.slots == 8
            ask(engine, 48)
        assert (small.peak, large.peak) == (2, 6)
        assert 6 <= len(small.asked()) <= 18


def test_requests_keep_their_distance_under_requests_per_minute(ask):
    with ChatServer() as one, ChatServer() as two, engine_for(one, two, requests_per_minute=1200) as engine:
        ask(engine, 12)
        times = sorted(asked.at for asked in one.asked() + two.asked())
        assert times[-1] - times[0] >= 11 * 0.05 - 0.1  # what the first one was late


def test_tokens_per_minute_hold_requests_back_by_what_the_server_counted(ask):
    usage = {"prompt_tokens": 60, "completion_tokens": 40}
    with ChatServer(otherwise=lambda number, body: Reply(200, said(usage=usage))) as server:
        with engine_for(server, tokens_per_minute=60_000) as engine:
            ask(engine, 8)
        times = [asked.at for asked in server.asked()]
        assert times[-1] - times[0] >= 0.3  # 100 tokens take 0.1 s; the first four go by their estimate


def test_a_prompt_that_is_too_long_is_rejected(ask):
    said_so = (
        "This model's maximum context length is 1024 tokens. However, your prompt contains 2001 input tokens"
    )
    with ChatServer(refusal(400, said_so)) as server, engine_for(server) as engine:
        (completion,) = ask(engine)
        assert (completion.finish_reason, completion.text, completion.retries) == ("rejected", "", 0)
        assert "maximum context length" in completion.detail and len(server.asked()) == 1


def test_a_cap_that_is_larger_than_the_room_is_cut_to_it(ask):
    said_so = (
        "This model's maximum context length is 20 tokens. However, you requested 28 tokens "
        "(12 in the messages, 16 in the completion). Please reduce the length of the messages or completion."
    )
    with ChatServer(refusal(400, said_so)) as server, engine_for(server) as engine:
        assert ask(engine)[0].finish_reason == "stop"
        assert [asked.body["max_tokens"] for asked in server.asked()] == [16, 8]
    models = Reply(200, {"data": [{"id": "m", "max_model_len": 9}]})
    with ChatServer(models=models) as server, engine_for(server) as engine:
        ask(engine)
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
def test_what_a_server_will_never_answer_is_a_row_without_retries(ask, status, message, finish_reason):
    with ChatServer(refusal(status, message)) as server, engine_for(server) as engine:
        (completion,) = ask(engine)
        assert (completion.finish_reason, completion.retries) == (finish_reason, 0)
        assert message in completion.detail and len(server.asked()) == 1


def test_a_recipe_that_makes_servers_refuse_everything_ends_the_engine(make_attempts):
    with ChatServer(otherwise=lambda number, body: refusal(400, "Unknown parameter: 'seed'")) as server:
        with engine_for(server) as engine, pytest.raises(EngineError, match=r"Unknown parameter.*\$omit"):
            engine.submit([attempt.request for attempt in make_attempts(50)])
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
            engine.submit([attempt.request for attempt in make_attempts(1)])
            with pytest.raises(EngineError, match=says) as caught:
                engine.poll(TIMEOUT_S)
        assert "secret" not in str(caught.value) and "secret" not in engine.name
        assert server.asked()[0].headers["authorization"] == "Bearer sk-very-secret"


def test_a_wrong_key_is_found_before_anything_is_asked(monkeypatch):
    monkeypatch.setenv("R1DATA_TEST_KEY", "wrong")
    says = pytest.raises(EngineError, match="R1DATA_TEST_KEY")
    with ChatServer(models=refusal(401, "no")) as server, says, engine_for(server, key="R1DATA_TEST_KEY"):
        pytest.fail("it started")


def test_an_engine_without_a_server_that_answers_does_not_start():
    with ChatServer() as one, ChatServer() as two:
        pass
    with pytest.raises(EngineError, match="None of the servers") as caught, engine_for(one, two):
        pytest.fail("it started")
    assert one.url in str(caught.value) and two.url in str(caught.value)


def test_a_recipe_that_cannot_work_is_refused_before_anything_starts(monkeypatch):
    monkeypatch.delenv("R1DATA_TEST_KEY", raising=False)
    with pytest.raises(ConfigError, match=r"R1DATA_TEST_KEY.+is not set"):
        engine_for("http://127.0.0.1:1/v1", key="R1DATA_TEST_KEY")
    with pytest.raises(ConfigError, match="names no endpoint"):
        engine_for()
    with pytest.raises(ConfigError, match="holds more than host and path") as caught:
        engine_for("http://me:secret@127.0.0.1:1/v1")
    assert "secret" not in str(caught.value)
    with pytest.raises(ConfigError, match="is no address"):
        engine_for("127.0.0.1:8000/v1")
    with pytest.raises(ConfigError, match='model = "api:NAME"'):
        OpenaiEngine(Generate(openai={"endpoints": [{"url": "http://127.0.0.1:1/v1"}]}), resolve("fake:x"))


def test_weights_of_servers_are_not_replaced():
    with ChatServer() as server, engine_for(server) as engine, pytest.raises(EngineError, match="replaced"):
        engine.load("embedded:smollm2-135m-instruct")


def render(keep):
    """Addresses that turn a conversation into tokens and back, keeping some of its texts."""
    shown = {}

    def tokenize(body):
        shown["prompt"] = "".join(f"<{m['role']}>{m['content']}" for m in body["messages"] if keep(m))
        return Reply(200, {"tokens": [1, 2]})

    return {"/tokenize": tokenize, "/detokenize": lambda body: Reply(200, shown)}


def test_a_server_that_shows_the_model_everything_passes_the_check_once(ask):
    with ChatServer(paths=render(lambda message: True)) as server, engine_for(server) as engine:
        assert {completion.finish_reason for completion in ask(engine, 4)} == {"stop"}
        assert len(server.asked("/tokenize")) == len(server.asked("/detokenize")) == 1


def test_a_server_whose_template_drops_the_prompt_makes_nothing(make_attempts):
    with ChatServer(paths=render(lambda message: message["role"] != "user")) as server:
        with (
            engine_for(server) as engine,
            pytest.raises(EngineError, match="does not show the model the user"),
        ):
            engine.submit([attempt.request for attempt in make_attempts(4)])
            engine.poll(TIMEOUT_S)
        assert server.asked() == []


def test_vllm_is_told_every_value_of_sampling(ask):
    models = Reply(200, {"data": [{"id": "m", "owned_by": "vllm"}]})
    with ChatServer(models=models) as server, engine_for(server, extra_body={"min_p": 0.1}) as engine:
        ask(engine)
        told = {"top_k": -1, "min_p": 0.1, "repetition_penalty": 1.0, "skip_special_tokens": False}
        assert told.items() <= server.asked()[0].body.items()


def test_leaving_the_engine_ends_what_is_in_flight(make_attempts):
    with ChatServer(otherwise=lambda number, body: Reply(hangs=True)) as server:
        with engine_for(server) as engine:
            engine.submit([attempt.request for attempt in make_attempts(9)])
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
            summary = run(make_attempts(120), engine, journal, frames.append)
        rows = frames[0]
        assert rows.height == rows["rollout_id"].n_unique() == summary.rollouts == 120
        assert rows["finish_reason"].unique().to_list() == ["stop"]
        failed = len(server.asked()) - 120
        assert rows["retries"].sum() == failed == engine.counters()["retries"] > 20
        assert re.fullmatch("openai m", rows["engine"].unique().item())
