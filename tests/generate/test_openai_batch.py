import logging
import threading
from dataclasses import replace

import polars as pl
import pytest

from r1data.errors import ConfigError, EngineError, RunInProgress
from r1data.generate import ENGINES
from r1data.generate.journal import Journal
from r1data.generate.models import resolve
from r1data.generate.rollout import run
from r1data.recipe import BatchSettings, Generate
from tests.generate.batch_server import BatchServer, answered, unanswered


@pytest.fixture
def api():
    with BatchServer() as server:
        yield server


@pytest.fixture
def engine(api, tmp_path, monkeypatch):
    """`engine(requests_per_batch=…)`: not started; all of a test share one home."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))

    def make(**settings):
        usual = {"url": api.url, "poll_s": 0.01, "requests_per_batch": 10, "batches_at_once": 3}
        return ENGINES["openai_batch"](
            Generate(openai_batch=BatchSettings(**(usual | settings))), resolve("api:m")
        )

    return make


@pytest.fixture
def go(tmp_path, engine, make_attempts):
    """`go(n)` runs n attempts; returns the rows that were published, and keeps the last engine."""

    def work(n=10, **settings):
        frames = []
        with Journal(tmp_path / "j") as journal, engine(**settings) as go.engine:
            run(make_attempts(n), go.engine, journal, frames.append)
        rows = pl.concat(frames)
        assert rows.height == rows["rollout_id"].n_unique() == n
        return rows.sort("index")

    go = work
    return work


@pytest.fixture
def requests(make_attempts):
    return lambda n, start=0: [attempt.request for attempt in make_attempts(start + n)][start:]


def left_on_disk(tmp_path):
    return [path.name for path in (tmp_path / "home" / "batches").glob("*/*") if path.name != "lock"]


def drain(engine):
    """Poll until nothing is in flight."""
    found = []
    while engine.pending:
        found += engine.poll(0.5)
    return found


def once_each(api, n):
    return len(api.accepted) == n and set(api.accepted.values()) == {1}


def test_every_attempt_becomes_one_row_from_a_few_batches(go, api, tmp_path, caplog):
    caplog.set_level(logging.INFO, "r1data")
    rows = go(45)
    assert rows["completion"].to_list() == [f"<think>seed</think>{seed}" for seed in rows["seed"]]
    assert set(rows["engine"]) == {"openai_batch m"} and set(rows["elapsed_s"]) == {5.0}
    assert once_each(api, 45) and sorted(api.sizes()) == [5, 10, 10, 10, 10]
    assert left_on_disk(tmp_path) == []
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


def test_counters_are_what_the_api_said(engine, requests):
    with engine() as started:
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
    assert api.sizes() == [8, 4, 2] and left_on_disk(tmp_path) == []


def test_a_refused_batch_ends_the_run_with_what_the_api_said_and_leaves_nothing(go, api, tmp_path):
    api.problem = {"code": "invalid_json_line", "message": "No model named m", "line": 3, "param": None}
    with pytest.raises(EngineError, match=r"line 3: No model named m \(invalid_json_line\)"):
        go(10)
    assert left_on_disk(tmp_path) == []
    api.problem = None
    go(10)
    assert once_each(api, 10)


def test_a_full_queue_makes_batches_wait_for_each_other(go, api):
    api.queue = 1
    go(50)
    assert once_each(api, 50) and len(api.batches) > 5 == len(api.sizes())
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
    assert once_each(api, 25) and set(rows["retries"]) == {0}


def test_an_api_that_no_longer_answers_ends_the_run(go, api):
    api.fault = lambda when, call, n: 503
    with pytest.raises(EngineError, match=r"has not answered for .*as scripted.*Run again"):
        go(10, unhealthy_s=0.05)


def test_poll_returns_while_a_call_hangs(engine, api, requests):
    answer = threading.Event()
    api.fault = lambda when, call, n: answer.wait(30) and None
    with engine() as started:
        started.submit(requests(10))
        assert started.poll(0.01) == [] and started.poll(0) == [] and started.pending == 10
        answer.set()
        assert len(drain(started)) == 10


def test_a_stopped_run_leaves_its_batches_and_the_next_one_takes_what_they_bring(
    engine, api, requests, caplog
):
    caplog.set_level(logging.INFO, "r1data")
    api.paused = True
    with engine() as first:
        first.submit(requests(20))
        while api.calls["look"] < 4:
            first.poll(0.05)
    assert f"2 batches with 20 requests go on at {api.url}" in caplog.messages[-1]
    api.paused = False
    with engine() as second:
        second.submit(requests(20))
        assert {found.rollout_id for found in drain(second)} == set(api.accepted)
    assert once_each(api, 20)


def test_only_what_was_asked_for_in_this_run_comes_back_and_the_rest_is_kept(engine, api, requests, tmp_path):
    api.paused = True
    with engine() as first:
        first.submit(requests(10))
        while not api.calls["look"]:
            first.poll(0.05)
    api.paused = False
    with engine() as second:
        second.submit(requests(10, start=5))
        asked = {request.rollout_id for request in requests(10, start=5)}
        assert {found.rollout_id for found in drain(second)} == asked
    assert len(left_on_disk(tmp_path)) == 1
    with engine() as third:
        third.submit(requests(5))
        assert len(drain(third)) == 5
    assert once_each(api, 15) and left_on_disk(tmp_path) == []


def test_what_was_returned_is_kept_until_the_runner_comes_back(engine, api, requests, tmp_path):
    with pytest.raises(OSError, match=r"disk full"), engine() as first:
        first.submit(requests(10))
        before = drain(first)
        raise OSError("disk full")
    calls = api.calls["look"]
    with engine() as second:
        second.submit(requests(10))
        after = drain(second)
        second.poll(0)
        assert left_on_disk(tmp_path) == []
    key = lambda completion: completion.rollout_id  # noqa: E731
    assert sorted(before, key=key) == sorted(after, key=key)
    assert once_each(api, 10) and api.calls["look"] == calls


def test_a_request_that_changed_is_another_request(engine, api, requests):
    api.paused = True
    with engine() as first:
        first.submit(requests(3))
        while not api.calls["look"]:
            first.poll(0.05)
    api.paused = False
    with engine() as second:
        second.submit([replace(request, max_tokens=32) for request in requests(3)])
        assert len(drain(second)) == 3
    assert [[line["body"]["max_tokens"] for line in api.requests(b)] for b in api.batches.values()] == [
        [16] * 3, [32] * 3
    ]  # fmt: skip


def test_a_batch_that_the_api_has_lost_ends_the_run_with_the_folder_to_delete(
    engine, api, requests, tmp_path
):
    api.paused = True
    with engine() as first:
        first.submit(requests(3))
        while not api.calls["look"]:
            first.poll(0.05)
    api.batches.clear()
    with pytest.raises(EngineError, match=r"another project's.*delete .*batches"), engine() as second:
        second.submit(requests(3))
        drain(second)


def test_batches_that_nobody_asks_for_are_forgotten_after_a_month(
    engine, api, requests, tmp_path, monkeypatch
):
    api.paused = True
    with engine() as first:
        first.submit(requests(3))
        while not api.calls["look"]:
            first.poll(0.05)
    monkeypatch.setattr("r1data.generate.batch_state.KEEP_S", 0)
    with engine():
        assert left_on_disk(tmp_path) == []


def test_a_second_engine_on_the_same_model_is_refused(engine):
    with engine(), pytest.raises(RunInProgress, match=r"Another process runs batches"), engine():
        pass
    with engine():
        pass


def test_settings_that_cannot_work_are_refused_before_anything_is_sent(engine, monkeypatch):
    monkeypatch.delenv("R1DATA_TEST_KEY", raising=False)
    with pytest.raises(ConfigError, match=r"R1DATA_TEST_KEY.*is not set"):
        engine(api_key_env="R1DATA_TEST_KEY")
    with pytest.raises(ConfigError, match=r"url = '' is no address"):
        engine(url="")
    with pytest.raises(ConfigError, match=r"holds more than host and path"):
        engine(url="https://me:secret@example.com/v1")
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


def test_weights_behind_an_api_cannot_be_replaced(engine):
    with pytest.raises(EngineError, match=r"cannot be replaced by student"):
        engine().load("student")
