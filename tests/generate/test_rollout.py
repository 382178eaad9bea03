import os
import random
import signal
import subprocess
import sys
import threading

import polars as pl
import pytest

from r1data import ids
from r1data.errors import ConfigError, EngineError, SchemaError, StorageError
from r1data.generate.engines.fake import FakeEngine
from r1data.generate.journal import Journal
from r1data.generate.models import resolve
from r1data.generate.queue import Queue
from r1data.generate.rollout import FEED, recover, run
from r1data.lake import Lake
from r1data.recipe import Generate
from r1data.schema import TABLES
from tests.waiting import until


@pytest.fixture
def go(tmp_path, make_attempts):
    """`go(engine, n)` runs n attempts; returns the summary and the frames that were published."""

    def work(engine, n=10, attempts=None, **options):
        with Journal(tmp_path / "j") as journal, engine:
            stored = recover(journal, frames.append)
            fresh = (a for a in attempts or make_attempts(n) if a.request.rollout_id not in stored)
            return run(Queue(fresh), engine, journal, frames.append, **options)

    frames: list[pl.DataFrame] = []
    work.frames = frames
    work.journal = tmp_path / "j"
    return work


def published(go):
    return pl.concat(go.frames)


def test_every_attempt_becomes_one_row_of_the_table(go, scripted, make_attempts):
    summary = go(scripted(texts=["<think>a</think>b"]), 10)
    rows = published(go)
    assert rows.schema == TABLES["rollouts"].schema
    assert rows["index"].sort().to_list() == list(range(10))
    first = rows.row(0, named=True)
    assert (first["thought_start"], first["thought_end"], first["answer_start"]) == (7, 8, 16)
    assert first["seed"] == ids.seed(first["rollout_id"]) and first["engine"] == "fake 1"
    assert summary.rollouts == 10 and summary.finish_reasons == {"stop": 10} and summary.segments == 1
    assert not go.journal.exists()


def test_texts_come_in_turn_and_by_prompt(go, scripted, make_attempts):
    engine = scripted(texts=["x {prompt}"], by_prompt={"Q": ["1", "2"]})
    both = [*make_attempts(3, "Q"), *make_attempts(1, "other")]
    go(engine, attempts=both)
    assert published(go)["completion"].to_list() == ["1", "2", "1", "x other"]


def test_never_more_than_the_queue_allows_is_taken_from_the_iterator(go, scripted, make_attempts):
    taken, finished = 0, 0

    def counted():
        nonlocal taken
        for attempt in make_attempts(200):
            taken += 1
            assert taken - finished <= FEED * 8
            yield attempt

    class Counting(FakeEngine):
        def poll(self, timeout_s):
            nonlocal finished
            completions = super().poll(timeout_s)
            finished += len(completions)
            return completions

    go(Counting(Generate(fake={"slots": 8}), resolve("fake:x")), attempts=counted())
    assert finished == 200


def test_segments_are_published_by_size_and_by_time(go, scripted):
    assert go(scripted(texts=["x" * 1000], per_poll=1), 10, segment_bytes=3900).segments == 4
    assert go(scripted(delay_s=0.02, per_poll=1), 10, segment_s=0.05).segments > 2


def test_a_completion_that_comes_twice_is_one_row(go, scripted):
    summary = go(scripted(duplicate_every=3), 10)
    assert summary.duplicates == 3 and published(go)["rollout_id"].is_unique().all()


def test_lost_requests_are_made_again(go, scripted):
    summary = go(scripted(lose_every=3), 30)
    assert summary.redone == 10 and published(go)["rollout_id"].n_unique() == 30


def test_a_request_lost_twice_ends_the_run_and_keeps_the_rest(go, scripted):
    with pytest.raises(EngineError, match=r"lost .* requests twice"):
        go(scripted(lose_every=3, lose_times=2), 9)
    assert published(go).height == 6


def test_a_completion_that_nobody_asked_for_ends_the_run_and_keeps_the_rest(go, scripted):
    with pytest.raises(EngineError, match=r"returned rollout invented, which nobody asked for"):
        go(scripted(invent_after=6), 20)
    assert published(go).height == 8


def test_a_rollout_that_is_planned_twice_is_an_error(go, scripted, make_attempts):
    with pytest.raises(SchemaError, match=r"planned twice"):
        go(scripted(), attempts=[*make_attempts(1), *make_attempts(1)])


def test_what_an_engine_finished_before_it_died_is_published(go, scripted):
    with pytest.raises(EngineError, match=r"died after 8"):
        go(scripted(fail_after=8), 20)
    assert published(go).height == 8


def test_a_failed_publication_keeps_its_rows_in_the_journal_for_the_next_run(
    go, scripted, tmp_path, make_attempts
):
    def full(frame):
        raise OSError("disk full")

    with Journal(tmp_path / "j") as journal, pytest.raises(StorageError, match=r"10 .*disk full.*kept in"):
        run(Queue(make_attempts(10)), scripted(), journal, full)
    assert go(scripted(), 15).rollouts == 5
    assert published(go)["rollout_id"].n_unique() == published(go).height == 15


def test_a_run_with_nothing_to_do_publishes_nothing(go, scripted):
    assert go(scripted(), attempts=iter(())).segments == 0
    assert go.frames == [] and not go.journal.exists()


def test_one_prompt_without_room_among_10_000_is_one_rejected_row_with_the_reason(
    go, scripted, make_attempts
):
    long = make_attempts(1, "word " * 5000)
    summary = go(scripted(slots=1000, per_poll=1000), attempts=[*make_attempts(9_999), *long])
    assert summary.finish_reasons == {"stop": 9_999, "rejected": 1}
    rejected = published(go).filter(finish_reason="rejected").row(0, named=True)
    assert rejected["completion"] == "" and "5000 words" in rejected["detail"]


def test_a_run_outside_the_main_thread_works(go, scripted):
    worker = threading.Thread(target=go, args=(scripted(), 5))
    worker.start()
    worker.join()
    assert published(go).height == 5


def test_an_unknown_key_of_the_script_is_named():
    with pytest.raises(ConfigError, match=r"`txets`.*Known keys: texts"):
        FakeEngine(Generate(fake={"txets": []}), resolve("fake:x"))


PROGRAM = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from conftest import attempts_of
from r1data.generate.engines.fake import FakeEngine
from r1data.generate.journal import Journal
from r1data.generate.models import resolve
from r1data.generate.queue import Queue
from r1data.generate.rollout import recover, run
from r1data.lake import Lake
from r1data.recipe import Generate

folder = Path(sys.argv[2])
log = os.open(folder / "finished", os.O_WRONLY | os.O_CREAT | os.O_APPEND)


class Logged(Journal):
    def append(self, rows):
        super().append(rows)
        os.write(log, "".join(row["rollout_id"] + "\\n" for row in rows).encode())


lake = Lake(str(folder / "lake"))
script = {"delay_s": 0.01, "duplicate_every": 7, "lose_every": 11}
engine = FakeEngine(Generate(fake=script), resolve("fake:x"))
publish = lambda frame: lake.append("rollouts", frame, run="test", inputs={})
with Logged(folder / "j") as journal, engine:
    print("ready", flush=True)
    recover(journal, publish)
    stored = set(lake.scan("rollouts").select("rollout_id").collect()["rollout_id"])
    todo = (attempt for attempt in attempts_of(300) if attempt.request.rollout_id not in stored)
    run(Queue(todo), engine, journal, publish, segment_s=0.2)
"""


@pytest.fixture
def start(tmp_path):
    """Start the program above in a process of its own, and wait until it runs."""

    def begin():
        command = [sys.executable, "-c", PROGRAM, os.path.dirname(__file__), str(tmp_path)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None and process.stdout.readline() == "ready\n", process.communicate()[1]
        return process

    return begin


def end(process, number, after_s):
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        process.send_signal(number)
    process.communicate()
    return process.returncode


def finished(folder):
    return (folder / "finished").read_text().split()


def test_kill_9_at_any_moment_loses_no_finished_rollout_and_makes_none_twice(start, tmp_path):
    moments = random.Random(1)
    for _ in range(4):
        end(start(), signal.SIGKILL, moments.uniform(0.02, 0.4))
    assert end(start(), signal.SIGKILL, 60) == 0
    rows = Lake(str(tmp_path / "lake")).scan("rollouts").collect()
    assert rows.height == rows["rollout_id"].n_unique() == 300
    made = finished(tmp_path)  # lacks what a kill caught between the journal and this list
    assert len(made) == len(set(made)) > 200
    assert set(made) <= set(rows["rollout_id"])
    assert not (tmp_path / "j").exists()


def test_sigterm_publishes_what_is_finished_and_then_ends(start, tmp_path):
    process = start()
    until(lambda: (tmp_path / "finished").exists() and bool(finished(tmp_path)))
    assert end(process, signal.SIGTERM, 0) == 128 + signal.SIGTERM
    rows = Lake(str(tmp_path / "lake")).scan("rollouts").collect()
    assert 0 < rows.height < 300
    assert set(rows["rollout_id"]) == set(finished(tmp_path))
    with Journal(tmp_path / "j") as journal:
        assert list(journal.rows()) == []
