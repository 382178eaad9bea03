import logging
import threading

import polars as pl
import pytest

from r1data.errors import ConfigError, EngineError
from r1data.generate.engines import ENGINES
from r1data.generate.journal import Journal
from r1data.generate.models import resolve
from r1data.generate.queue import Queue
from r1data.generate.rollout import run
from r1data.recipe import Generate
from tests.generate.engines.batch_server import answered, drain, left_on_disk, unanswered


@pytest.fixture
def go(tmp_path, batch_engine, make_attempts):
    """`go(n)` runs n attempts; returns the rows that were published."""

    def work(n=10, **settings):
        frames = []
        with Journal(tmp_path / "j") as journal, batch_engine(**settings) as engine:
            run(Queue(make_attempts(n)), engine, journal, frames.append)
        rows = pl.concat(frames)
        assert rows.height == rows["rollout_id"].n_unique() == n
        return rows.sort("index")

    return work


def test_every_attempt_becomes_one_row_from_a_few_batches(go, api, tmp_path, caplog):
    caplog.set_level(logging.INFO, "r1data")
    rows = go(45)
    assert rows["completion"].to_list() == [f"<think>seed</think>{seed}" for seed in rows["seed"]]
    assert set(rows["engine"]) == {"openai_batch m"} and set(rows["elapsed_s"]) == {5.0}
    assert api.ran_once(45) and sorted(api.sizes()) == [5, 10, 10, 10, 10]
    assert left_on_disk(tmp_path / "home") == []
    assert len([line for line in caplog.messages if "created: 10 requests" in line]) == 4
    assert any("completed after 5 s: 5 of 5 requests completed, 0 failed" in line for line in caplog.messages)


def test_a_line_asks_for_one_rollout_and_the_batch_carries_our_key(go, api):
    rows = go(1, extra_body={"service_tier": "flex"})
    (batch,) = api.batches.values()
    (line,) = api.requests(batch)
    assert (line["custom_id"], line["method"], line["url"]) == (
        rows["rollout_id"][0], "POST", "/v1/chat/completions"
    )  # fmt: skip
    assert (line["body"]["model"], line["body"]["max_tokens"], line["body"]["service_tier"]) == (
        "m",
        16,
        "flex",
    )
    assert batch["endpoint"] == "/v1/chat/completions" and batch["completion_window"] == "24h"
    assert set(batch["metadata"]) == {"r1data"}


def test_counters_are_what_the_api_said(batch_engine, requests):
    with batch_engine() as started:
        started.submit(requests(12))
        drain(started)
        assert started.counters() == {
            "batches": 2, "requests": 12, "retries": 0, "completions": 12,
            "prompt_tokens": 84, "cached_tokens": 0, "completion_tokens": 36,
        }  # fmt: skip


def test_of_two_lines_the_first_counts_and_strangers_and_broken_lines_are_passed_over(go, api):
    def end(requests):
        lines = [answered(line) for line in requests]
        again = answered(
            requests[0], body={"choices": [{"message": {"content": "2"}, "finish_reason": "stop"}]}
        )
        stranger = {**answered(requests[0]), "custom_id": "unknown"}
        broken = '{"custom_id": "' if len(requests) == 10 else lines.pop()
        return "completed", [stranger, "", "[]", *lines[:-1], broken, lines[-1], again], []

    api.end = end
    rows = go(10)
    assert rows["completion"].to_list() == [f"<think>seed</think>{seed}" for seed in rows["seed"]]


def test_a_request_without_a_line_is_asked_again(go, api):
    api.end = lambda requests: ("completed", [answered(line) for line in requests[:7] or requests], [])
    rows = go(10)
    assert rows["retries"].to_list() == [0] * 7 + [1] * 3
    assert sorted(api.accepted.values()) == [1] * 7 + [2] * 3


@pytest.mark.parametrize("status", ["expired", "cancelled"])
def test_what_a_batch_ended_without_is_asked_again_until_it_is_an_error(go, api, status, tmp_path):
    def end(requests):
        half = len(requests) // 2
        return (
            status,
            [answered(line) for line in requests[:half]],
            [unanswered(line) for line in requests[half:]],
        )

    api.end = end
    rows = go(8)
    assert rows["retries"].to_list() == [0] * 4 + [1] * 2 + [2] * 2
    assert rows["finish_reason"].to_list() == ["stop"] * 7 + ["error"]
    assert f"({status}): batch_expired: It did not run in time." in rows["detail"][7]
    assert api.sizes() == [8, 4, 2] and left_on_disk(tmp_path / "home") == []


def test_a_refused_batch_ends_the_run_with_what_the_api_said_and_leaves_nothing(go, api, tmp_path):
    api.problem = {"code": "invalid_json_line", "message": "No model named m", "line": 3, "param": None}
    with pytest.raises(EngineError, match=r"line 3: No model named m \(invalid_json_line\)"):
        go(10)
    assert left_on_disk(tmp_path / "home") == []
    api.problem = None
    go(10)
    assert api.ran_once(10)


def test_a_full_queue_makes_batches_wait_for_each_other(go, api):
    api.queue = 1
    go(50)
    assert api.ran_once(50) and len(api.batches) > 5 == len(api.sizes())
    assert api.calls["upload"] == 5


def test_a_queue_that_is_full_without_us_ends_the_run(go, api):
    api.queue = 0
    with pytest.raises(
        EngineError, match=r"no room for a batch of 10 requests.*Enqueued.*requests_per_batch"
    ):
        go(10, poll_s=0.001)


def test_lines_that_the_api_refused_are_told_apart(go, api):
    too_long = {"error": {"message": "maximum context length is 8", "code": "context_length_exceeded"}}
    forbidden = {"error": {"message": "against our policy", "code": "content_filter"}}
    wrong = {"error": {"message": "seed is too large"}}
    asked = []

    def end(requests):
        asked.extend(requests)
        out = {
            0: lambda line: answered(line, 429, {"error": {"message": "slow down"}}),
            1: lambda line: answered(line, 400, too_long),
            2: lambda line: answered(line, 400, forbidden),
            3: lambda line: answered(line, 400, wrong),
            4: lambda line: answered(line, 503, {"error": {"message": "overloaded"}}),
            5: lambda line: answered(line, 200, {"choices": []}),
            6: lambda line: unanswered(line, "content_filter", "flagged"),
        }
        first = {line["custom_id"]: n for n, line in enumerate(asked[:8])}
        again = len(asked) > 8
        lines = [
            answered(line) if again and first[line["custom_id"]] != 4
            else out.get(first[line["custom_id"]], answered)(line)
            for line in requests
        ]  # fmt: skip
        return "completed", lines[:4], lines[4:]

    api.end = end
    rows = go(8, max_retries=1)
    reasons = ["stop", "rejected", "refusal", "error", "error", "stop", "refusal", "stop"]
    assert rows["finish_reason"].to_list() == reasons
    assert rows["retries"].to_list() == [1, 0, 0, 0, 1, 1, 0, 0]
    assert rows["detail"][3] == "HTTP 400: seed is too large"
    assert rows["detail"][4].endswith("(completed): HTTP 503: overloaded")


@pytest.mark.parametrize(
    ("when", "status"), [("before", 0), ("before", 503), ("before", 429), ("after", 0), ("after", 503)]
)
def test_calls_that_fail_are_made_again_and_no_batch_is_created_twice(go, api, when, status):
    api.fault = lambda at, call, n: status if at == when and n in (1, 3) else None
    rows = go(25)
    assert api.ran_once(25) and set(rows["retries"]) == {0}


def test_an_api_that_no_longer_answers_ends_the_run(go, api):
    api.fault = lambda when, call, n: 503
    with pytest.raises(EngineError, match=r"has not answered for .*as scripted.*Run again"):
        go(10, unhealthy_s=0.05)


def test_a_large_batch_comes_back_in_parts(batch_engine, requests):
    with batch_engine(requests_per_batch=600, batches_at_once=1) as started:
        started.submit(requests(600))
        parts = []
        while started.pending:
            parts.append(len(started.poll(0.5)))
    assert [n for n in parts if n] == [256, 256, 88]


def test_a_file_is_cut_before_it_is_too_large(batch_engine, api, requests, monkeypatch):
    monkeypatch.setattr("r1data.generate.engines.openai_batch.engine._FILE_BYTES", 1000)
    with batch_engine() as started:
        started.submit(requests(10))
        drain(started)
    assert sum(api.sizes()) == 10
    inputs = [api.files[batch["input_file_id"]] for batch in api.batches.values()]
    assert all(len(file) <= 1000 for file in inputs) and max(api.sizes()) > 1


def test_poll_returns_while_a_call_hangs(batch_engine, api, requests):
    answer = threading.Event()
    api.fault = lambda when, call, n: answer.wait(30) and None
    with batch_engine() as started:
        started.submit(requests(10))
        assert started.poll(0.01) == [] and started.poll(0) == [] and started.pending == 10
        answer.set()
        assert len(drain(started)) == 10


def test_settings_that_cannot_work_are_refused_before_anything_is_sent(batch_engine, monkeypatch):
    monkeypatch.delenv("R1DATA_TEST_KEY", raising=False)
    with pytest.raises(ConfigError, match=r"R1DATA_TEST_KEY.*is not set"):
        batch_engine(api_key_env="R1DATA_TEST_KEY")
    with pytest.raises(ConfigError, match=r"url = '' is no address"):
        batch_engine(url="")
    with pytest.raises(ConfigError, match=r"holds more than host and path"):
        batch_engine(url="https://me:secret@example.com/v1")
    with pytest.raises(ConfigError, match=r"api:NAME"):
        ENGINES["openai_batch"](Generate(), resolve("fake:x"))


def test_a_key_that_the_api_does_not_accept_is_named_and_not_shown(go, api, monkeypatch):
    api.key = "right-key"
    monkeypatch.setenv("R1DATA_TEST_KEY", "wrong-key")
    with pytest.raises(EngineError, match=r"does not accept the key in R1DATA_TEST_KEY") as refused:
        go(1, api_key_env="R1DATA_TEST_KEY")
    assert "wrong-key" not in str(refused.value)
    monkeypatch.setenv("R1DATA_TEST_KEY", "right-key")
    assert go(1, api_key_env="R1DATA_TEST_KEY")["finish_reason"].to_list() == ["stop"]


def test_weights_behind_an_api_cannot_be_replaced(batch_engine):
    with pytest.raises(EngineError, match=r"cannot be replaced by student"):
        batch_engine().load("student")
