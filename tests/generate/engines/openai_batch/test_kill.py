"""Runs on batches that are killed at every call and at any moment; the API lives on and counts."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from r1data.lake import Lake
from tests.generate.engines.batch_server import BatchServer, answered, unanswered

N = 33

# Imports take a second, so each run is a fork of one process that has them; it has no threads of its own.
PROGRAM = f"""
import os, sys
from pathlib import Path
import openai
from r1data.generate.engines import ENGINES
from r1data.generate.engines.openai_batch import fleet
from r1data.generate.journal import Journal
from r1data.generate.models import resolve
from r1data.generate.queue import Queue
from r1data.generate.rollout import recover, run
from r1data.lake import Lake
from r1data.recipe import Generate
from tests.generate.conftest import attempts_of

folder, url = Path(sys.argv[1]), sys.argv[2]


def work():
    lake = Lake(str(folder / "lake"))
    settings = dict(url=url, poll_s=0.05, requests_per_batch=8, batches_at_once=2)
    engine = ENGINES["openai_batch"](Generate(openai_batch=settings), resolve("api:m"))
    publish = lambda frame: lake.append("rollouts", frame, run="test", inputs={{}})
    with Journal(folder / "j") as journal, engine:
        recover(journal, publish)
        stored = set(lake.scan("rollouts").select("rollout_id").collect()["rollout_id"])
        todo = (attempt for attempt in attempts_of({N}) if attempt.request.rollout_id not in stored)
        run(Queue(todo), engine, journal, publish, segment_s=0.1)


print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        except SystemExit as end:
            status = end.code
        finally:
            sys.stderr.flush()
            os._exit(status)
    print(child, flush=True)
    sys.stdin.readline()  # until then its id is nobody else's
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Runs:
    """Runs in processes of their own, one after the other."""

    def __init__(self, folder: Path, url: str) -> None:
        root = Path(__file__).resolve().parents[4]
        environment = {**os.environ, "DAGSTER_HOME": str(folder / "home"), "PYTHONPATH": str(root)}
        self._forker = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder), url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=root,
        )  # fmt: skip
        assert self._forker.stdout.readline() == "ready\n"

    def begin(self) -> int:
        return int(self._ask("begin"))

    def end(self) -> int:
        """Wait for the end of the run; its exit status, negative for a signal."""
        return int(self._ask("end"))

    def close(self) -> None:
        self._forker.communicate()

    def _ask(self, word: str) -> str:
        self._forker.stdin.write(f"{word}\n")
        self._forker.stdin.flush()
        return self._forker.stdout.readline()


@pytest.fixture
def runs(tmp_path, api):
    started = Runs(tmp_path, api.url)
    yield started
    started.close()


def rows(folder: Path):
    found = Lake(str(folder / "lake")).scan("rollouts").collect()
    assert found.height == found["rollout_id"].n_unique()
    return found


def everything_once(folder: Path, api: BatchServer) -> bool:
    found = rows(folder)
    wanted = [f"<think>seed</think>{seed}" for seed in found["seed"]]
    assert found["completion"].to_list() == wanted and set(found["finish_reason"]) == {"stop"}
    return found.height == N and api.ran_once(N)


class Hold:
    """Lets a call hang, until the run that made it is killed."""

    def __init__(self, api: BatchServer, when: str, call: str, number: int = 1) -> None:
        self.held, self.released = threading.Event(), threading.Event()
        self._wanted = when, call, number
        api.fault = self._fault

    def _fault(self, *at: object) -> None:
        if at == self._wanted:
            self.held.set()
            self.released.wait(30)

    def kill(self, runs: Runs) -> None:
        child = runs.begin()
        assert self.held.wait(30)
        os.kill(child, signal.SIGKILL)
        assert runs.end() == -signal.SIGKILL


def test_kill_9_during_any_call_asks_for_nothing_twice(runs, api, tmp_path):
    for when in ("after", "before"):
        for call in ("upload", "create", "look", "download"):
            hold = Hold(api, when, call, api.calls[call] + 1)
            hold.kill(runs)
            hold.released.set()
    hold = Hold(api, "before", "create", api.calls["create"] + 1)
    runs.begin()
    hold.released.set()
    assert runs.end() == 0
    assert everything_once(tmp_path, api)


def test_a_batch_that_the_api_creates_after_our_death_and_after_we_looked_for_it_is_found(
    runs, api, tmp_path
):
    hold = Hold(api, "before", "create")
    hold.kill(runs)
    api.listed.clear()
    runs.begin()
    assert api.listed.wait(30)
    hold.released.set()
    assert runs.end() == 0
    assert everything_once(tmp_path, api)


def kill_at_moments(runs: Runs, n: int, *, earliest_s: float, seed: int) -> None:
    """`n` runs that are killed within 0.6 s, and one that is left to end."""
    moments = random.Random(seed)
    for _ in range(n):
        child = runs.begin()
        time.sleep(moments.uniform(earliest_s, 0.6))
        os.kill(child, signal.SIGKILL)
        runs.end()
    runs.begin()
    assert runs.end() == 0


def test_kill_9_at_any_moment_gives_every_rollout_once(runs, api, tmp_path):
    kill_at_moments(runs, 8, earliest_s=0.02, seed=7)
    assert everything_once(tmp_path, api)


def test_kill_9_among_batches_that_expire_gives_every_rollout_one_row(runs, api, tmp_path):
    def end(requests):
        return (
            "expired",
            [answered(line) for line in requests[::2]],
            [unanswered(line) for line in requests[1::2]],
        )

    api.end = end
    kill_at_moments(runs, 4, earliest_s=0.1, seed=8)
    found = rows(tmp_path)
    assert found.height == N and max(api.accepted.values()) <= 3
    asked = dict(zip(found["rollout_id"], found["retries"] + 1, strict=True))
    assert asked == dict(api.accepted)


def test_sigterm_leaves_the_batches_running_and_the_next_run_takes_what_they_bring(runs, api, tmp_path):
    api.paused = True
    child = runs.begin()
    while api.calls["look"] < 2:
        time.sleep(0.01)
    os.kill(child, signal.SIGTERM)
    assert runs.end() == 128 + signal.SIGTERM
    api.paused = False
    runs.begin()
    assert runs.end() == 0
    assert everything_once(tmp_path, api)
