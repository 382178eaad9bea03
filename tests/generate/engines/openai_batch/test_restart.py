"""What the next run finds of batches that an earlier one left."""

import logging
from dataclasses import replace
from operator import attrgetter

import pytest

from r1data.errors import EngineError, RunInProgress
from tests.generate.engines.batch_server import drain, left_on_disk


def leave(batch_engine, api, asked, looks=1):
    """A run that submits requests, sees their batches unfinished and stops; the API stays paused."""
    api.paused = True
    with batch_engine() as first:
        first.submit(asked)
        while api.calls["look"] < looks:
            first.poll(0.05)


def test_a_stopped_run_leaves_its_batches_and_the_next_one_takes_what_they_bring(
    batch_engine, api, requests, caplog
):
    caplog.set_level(logging.INFO, "r1data")
    leave(batch_engine, api, requests(20), looks=4)
    assert f"2 batches with 20 requests go on at {api.url}" in caplog.messages[-1]
    api.paused = False
    with batch_engine() as second:
        second.submit(requests(20))
        assert {found.rollout_id for found in drain(second)} == set(api.accepted)
    assert api.ran_once(20)


def test_only_what_was_asked_for_in_this_run_comes_back_and_the_rest_is_kept(
    batch_engine, api, requests, tmp_path
):
    leave(batch_engine, api, requests(10))
    api.paused = False
    with batch_engine() as second:
        second.submit(requests(10, start=5))
        asked = {request.rollout_id for request in requests(10, start=5)}
        assert {found.rollout_id for found in drain(second)} == asked
    assert len(left_on_disk(tmp_path / "home")) == 1
    with batch_engine() as third:
        third.submit(requests(5))
        assert len(drain(third)) == 5
    assert api.ran_once(15) and left_on_disk(tmp_path / "home") == []


def test_what_was_returned_is_kept_until_the_runner_comes_back(batch_engine, api, requests, tmp_path):
    with pytest.raises(OSError, match=r"disk full"), batch_engine() as first:
        first.submit(requests(10))
        before = drain(first)
        raise OSError("disk full")
    calls = api.calls["look"]
    with batch_engine() as second:
        second.submit(requests(10))
        after = drain(second)
        second.poll(0)
        assert left_on_disk(tmp_path / "home") == []
    key = attrgetter("rollout_id")
    assert sorted(before, key=key) == sorted(after, key=key)
    assert api.ran_once(10) and api.calls["look"] == calls


def test_a_request_that_changed_is_another_request(batch_engine, api, requests):
    leave(batch_engine, api, requests(3))
    api.paused = False
    with batch_engine() as second:
        second.submit([replace(request, max_tokens=32) for request in requests(3)])
        assert len(drain(second)) == 3
    assert [[line["body"]["max_tokens"] for line in api.requests(b)] for b in api.batches.values()] == [
        [16] * 3, [32] * 3
    ]  # fmt: skip


def test_a_batch_that_the_api_has_lost_ends_the_run_with_the_folder_to_delete(
    batch_engine, api, requests, tmp_path
):
    leave(batch_engine, api, requests(3))
    api.batches.clear()
    with pytest.raises(EngineError, match=r"another project's.*delete .*batches"), batch_engine() as second:
        second.submit(requests(3))
        drain(second)


def test_batches_that_nobody_asks_for_are_forgotten_after_a_month(
    batch_engine, api, requests, tmp_path, monkeypatch
):
    leave(batch_engine, api, requests(3))
    monkeypatch.setattr("r1data.generate.engines.openai_batch.state.KEEP_S", 0)
    with batch_engine():
        assert left_on_disk(tmp_path / "home") == []


def test_a_second_engine_on_the_same_model_is_refused(batch_engine):
    with batch_engine(), pytest.raises(RunInProgress, match=r"Another process runs batches"), batch_engine():
        pass
    with batch_engine():
        pass
