import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from r1data.errors import EngineError
from tests.generate.engines.chat_server import (
    TIMEOUT_S,
    ChatServer,
    Reply,
    ask,
    engine_for,
    refusal,
    requests,
    said,
)


@pytest.mark.parametrize("form", ["seconds", "milliseconds", "date"])
def test_a_429_with_retry_after_pauses_the_whole_server(make_attempts, form):
    wait_s = 1 if form == "seconds" else 0.4
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=3.5), usegmt=True)  # whole seconds only
    header = {
        "seconds": {"Retry-After": "1"},
        "milliseconds": {"retry-after-ms": "400"},
        "date": {"Retry-After": date},
    }[form]
    with (
        ChatServer(Reply(429, {}, header), delay_s=0.01) as server,
        engine_for(server, concurrency=1) as engine,
    ):
        completions = ask(engine, make_attempts(3))
        first, second, *_ = server.asked()
        assert second.at - first.at >= wait_s
        assert sorted(completion.retries for completion in completions) == [0, 0, 1]


def test_a_paused_server_leaves_its_requests_to_the_other_one(make_attempts):
    limited, free = ChatServer(Reply(429, {}, {"Retry-After": "600"})), ChatServer()
    with limited, free, engine_for(limited, free, concurrency=1) as engine:
        assert {completion.finish_reason for completion in ask(engine, make_attempts(6))} == {"stop"}
        assert len(limited.asked()) == 1 and len(free.asked()) == 6


def test_a_dead_server_beside_a_live_one_costs_no_rollout(make_attempts):
    with ChatServer() as dead:
        pass
    with ChatServer() as live, engine_for(dead, live) as engine:
        assert {completion.finish_reason for completion in ask(engine, make_attempts(12))} == {"stop"}
        assert len(live.asked()) == 12


def test_a_retry_goes_to_another_server(make_attempts):
    broken, good = ChatServer(otherwise=lambda number, body: refusal(500, "oops")), ChatServer()
    with broken, good, engine_for(broken, good, concurrency=(1, 8)) as engine:
        completions = ask(engine, make_attempts(6))
    assert [completion.finish_reason for completion in completions] == ["stop"] * 6
    assert max(completion.retries for completion in completions) == 1


def test_a_server_that_dies_midway_and_comes_back_is_used_again(make_attempts):
    steady, frail = ChatServer(delay_s=0.02), ChatServer(delay_s=0.02)
    with steady, frail, engine_for(steady, frail, concurrency=2) as engine:
        ask(engine, make_attempts(8))
        frail.stop()
        assert {completion.finish_reason for completion in ask(engine, make_attempts(8))} == {"stop"}
        frail.start()
        before = len(frail.asked())
        deadline = time.monotonic() + TIMEOUT_S
        while len(frail.asked()) == before and time.monotonic() < deadline:
            ask(engine, make_attempts(4))
        assert len(frail.asked()) > before


def test_while_no_server_answers_requests_wait_and_use_up_no_retries(make_attempts):
    with ChatServer() as server, engine_for(server, max_retries=3) as engine:
        server.stop()
        engine.submit(requests(make_attempts(8)))
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
            engine.submit(requests(make_attempts(2)))
            while len(one.asked()) + len(two.asked()) < 2:
                time.sleep(0.01)
            time.sleep(0.5)  # both replies have come back
            one.stop()
            two.stop()
            engine.submit(requests(make_attempts(4, "Again?")))
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
        engine.submit(requests(make_attempts(4)))
        with pytest.raises(EngineError, match="CUDA error"):
            while True:
                engine.poll(1)


def test_requests_go_to_the_server_with_the_most_room_and_never_more_than_it_takes(make_attempts):
    with ChatServer(delay_s=0.2) as small, ChatServer(delay_s=0.2) as large:
        with engine_for(small, large, concurrency=(2, 6)) as engine:
            assert engine.slots == 8
            ask(engine, make_attempts(48))
        assert (small.peak, large.peak) == (2, 6)
        assert 6 <= len(small.asked()) <= 18


def test_requests_keep_their_distance_under_requests_per_minute(make_attempts):
    with ChatServer() as one, ChatServer() as two, engine_for(one, two, requests_per_minute=1200) as engine:
        ask(engine, make_attempts(24))
        times = sorted(asked.at for asked in one.asked() + two.asked())
        assert times[-1] - times[0] >= 23 * 0.05 - 0.5  # what the first one was late


def test_tokens_per_minute_hold_requests_back_by_what_the_server_counted(make_attempts):
    usage = {"prompt_tokens": 60, "completion_tokens": 40}
    with ChatServer(otherwise=lambda number, body: Reply(200, said(usage=usage))) as server:
        with engine_for(server, tokens_per_minute=60_000) as engine:
            ask(engine, make_attempts(16))
        times = [asked.at for asked in server.asked()]
        assert times[-1] - times[0] >= 0.7  # 100 tokens take 0.1 s; the first four go by their estimate


def test_an_engine_without_a_server_that_answers_does_not_start():
    with ChatServer() as one, ChatServer() as two:
        pass
    with pytest.raises(EngineError, match="None of the servers") as caught, engine_for(one, two):
        pytest.fail("it started")
    assert one.url in str(caught.value) and two.url in str(caught.value)


def render(keep):
    """Addresses that turn a conversation into tokens and back, keeping some of its texts."""
    shown = {}

    def tokenize(body):
        shown["prompt"] = "".join(f"<{m['role']}>{m['content']}" for m in body["messages"] if keep(m))
        return Reply(200, {"tokens": [1, 2]})

    return {"/tokenize": tokenize, "/detokenize": lambda body: Reply(200, shown)}


def test_a_server_that_shows_the_model_everything_passes_the_check_once(make_attempts):
    with ChatServer(paths=render(lambda message: True)) as server, engine_for(server) as engine:
        assert {completion.finish_reason for completion in ask(engine, make_attempts(4))} == {"stop"}
        assert len(server.asked("/tokenize")) == len(server.asked("/detokenize")) == 1


def test_a_server_whose_template_drops_the_prompt_makes_nothing(make_attempts):
    with ChatServer(paths=render(lambda message: message["role"] != "user")) as server:
        with (
            engine_for(server) as engine,
            pytest.raises(EngineError, match="does not show the model the user"),
        ):
            engine.submit(requests(make_attempts(4)))
            engine.poll(TIMEOUT_S)
        assert server.asked() == []
