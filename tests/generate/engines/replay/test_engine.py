import random
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from r1data import ids
from r1data.errors import ConfigError, EngineError
from r1data.generate.attempts import Attempt
from r1data.generate.engine import Request
from r1data.generate.engines.replay.engine import ReplayEngine, available, check_replay
from r1data.generate.journal import Journal
from r1data.generate.models import resolve
from r1data.generate.planning.plan import plan
from r1data.generate.queue import Queue
from r1data.generate.rollout import run
from r1data.lake import Lake
from r1data.prompts.question import user
from r1data.recipe import FewShot, Generate, ReplaySettings, Teacher
from r1data.schema import TABLES

MAP = {"prompt": "q", "completion": "c"}
TEACHER = Teacher(name="t", model="replay:t")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def settings(path, columns=MAP, **more):
    return ReplaySettings(path=str(path), columns=columns, **more)


def prompt_id(text):
    return ids.prompt_id(user(text))


def request(text, index):
    prompt = prompt_id(text)
    return Request(ids.rollout_id(prompt, "t", index), prompt, index, user(text), 1, max_tokens=9)


def engine(path, **more):
    return ReplayEngine(Generate(engine="replay", replay=settings(path, **more)), resolve("replay:t"))


def asked(path, *requests, **more):
    with engine(path, **more) as started:
        started.submit(requests)
        return started.poll(1)


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.parquet", "a.csv"])
def test_every_format_gives_each_attempt_the_row_at_its_place_among_those_of_its_prompt(
    write_traces, traces, name
):
    path = write_traces(name)
    wanted = [request("What is 1 + 1?", i) for i in (2, 0, 1)] + [request("What is 2 + 2?", 0)]
    found = asked(path, *wanted)
    assert [completion.rollout_id for completion in found] == [one.rollout_id for one in wanted]
    assert [completion.text for completion in found] == [traces[i]["c"] for i in (3, 0, 2, 1)]
    assert {completion.finish_reason for completion in found} == {"stop"}


def test_what_nobody_counted_is_null_and_what_was_counted_is_kept(write_traces, traces):
    path = write_traces(rows=[traces[0] | {"n": 3, "m": 12.0}, traces[1] | {"n": None, "m": None}])
    counts = MAP | {"prompt_tokens": "n", "completion_tokens": "m"}
    first, second, unmapped = (
        *asked(path, request("What is 1 + 1?", 0), request("What is 2 + 2?", 0), columns=counts),
        *asked(path, request("What is 1 + 1?", 0)),
    )
    assert (first.prompt_tokens, first.completion_tokens) == (3, 12)
    assert (second.prompt_tokens, second.completion_tokens) == (None, None)
    assert (unmapped.prompt_tokens, unmapped.completion_tokens, unmapped.capped) == (None, None, False)


def test_only_as_many_attempts_are_planned_as_the_file_holds(write_traces):
    generate = Generate(engine="replay", replay=settings(write_traces()))
    prompts = [prompt_id(text) for text in ("What is 1 + 1?", "What is 2 + 2?", "What is not there?")]
    rows = [{"recipe": "r", "night": "n", "prompt_id": name, "n_copies": 1, "kept": True} for name in prompts]

    def planned(n):
        out = plan(
            pl.LazyFrame(rows, schema=TABLES["intake"].schema), TABLES["rollouts"].empty().lazy(),
            night="n", recipe="r", teacher_id="t", n=n, max_tokens=9, available=available(generate),
        )  # fmt: skip
        return sorted(out.select("prompt_id", "index").collect().rows())

    assert planned(8) == sorted([(prompts[0], 0), (prompts[0], 1), (prompts[0], 2), (prompts[1], 0)])
    assert planned(2) == sorted([(prompts[0], 0), (prompts[0], 1), (prompts[1], 0)])
    assert available(Generate()) is None


def test_a_request_that_the_file_does_not_hold_ends_as_an_error(write_traces):
    beyond, stranger = asked(write_traces(), request("What is 1 + 1?", 3), request("Who?", 0))
    assert (beyond.finish_reason, stranger.finish_reason) == ("error", "error")
    assert "holds no completion 3 of this prompt" in (beyond.detail or "")


@pytest.mark.parametrize(
    "more",
    [
        {"system_prompt": "Be good."},
        {"prefill": "<think>"},
        {"few_shots": (FewShot(prompt="p", reasoning="r", answer="a"),)},
    ],
)
def test_a_teacher_that_would_show_the_model_more_is_refused(write_traces, more):
    generate = Generate(engine="replay", replay=settings(write_traces()))
    mine = pl.LazyFrame({"prompt_id": [prompt_id("What is 1 + 1?")]})
    check_replay(generate, TEACHER, mine)
    with pytest.raises(ConfigError, match=f"`{next(iter(more))}`"):
        check_replay(generate, TEACHER.model_copy(update=more), mine)


def test_prompts_that_the_file_does_not_hold_and_models_with_weights_are_refused(write_traces):
    generate = Generate(engine="replay", replay=settings(write_traces(), prompt_suffix=" Think."))
    with pytest.raises(ConfigError, match="same `prompt_suffix`"):
        check_replay(generate, TEACHER, pl.LazyFrame({"prompt_id": [prompt_id("What is 1 + 1?")]}))
    with pytest.raises(ConfigError, match="runs no model"):
        ReplayEngine(generate, resolve("fake:t"))


def test_a_spool_that_is_gone_ends_the_run_with_what_to_do(write_traces, home):
    with engine(write_traces()) as started:
        for path in (home / "replay").rglob("*.parquet"):
            path.write_bytes(b"PAR1 broken PAR1")
        started.submit([request("What is 1 + 1?", 0)])
        with pytest.raises(EngineError, match="Remove `replay` from the home folder"):
            started.poll(1)


def test_rows_keep_the_kind_of_reasoning_and_no_cap_and_the_teachers_marks_become_tags(
    write_traces, tmp_path
):
    path = write_traces(rows=[{"q": "What?", "c": "|s|I think.|s|4"}])
    asked = replace(request("What?", 0), thought_marks=("|s|", "|s|"))
    attempt = Attempt(asked, "2026-01-01", "t")
    frames = []
    with Journal(tmp_path / "j") as journal, engine(path, reasoning_kind="summary") as started:
        run(Queue([attempt]), started, journal, frames.append)
    (row,) = frames[0].to_dicts()
    assert row["completion"] == "<think>I think.</think>4"
    assert (row["reasoning_kind"], row["max_tokens"], row["elapsed_s"]) == ("summary", None, 0.0)
    assert row["engine"] == "replay a.jsonl"


PROGRAM = """
import os, sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
from conftest import attempts_of
from r1data.generate.journal import Journal
from r1data.generate.models import resolve
from r1data.generate.engines.replay.engine import ReplayEngine
from r1data.generate.queue import Queue
from r1data.generate.rollout import recover, run
from r1data.lake import Lake
from r1data.recipe import Generate, ReplaySettings

folder = Path(sys.argv[2])
lake = Lake(str(folder / "lake"))
settings = ReplaySettings(path=str(folder / "a.jsonl"), columns={"prompt": "q", "completion": "c"})
engine = ReplayEngine(Generate(engine="replay", replay=settings), resolve("replay:x"))
engine.slots = 1
publish = lambda frame: lake.append("rollouts", frame, run="test", inputs={})
with Journal(folder / "j") as journal, engine:
    print("ready", flush=True)
    recover(journal, publish)
    stored = set(lake.scan("rollouts").select("rollout_id").collect()["rollout_id"])
    todo = [attempt for attempt in attempts_of(150) if attempt.request.rollout_id not in stored]
    run(Queue(todo), engine, journal, publish, segment_s=0.2)
"""


def test_a_replay_that_is_killed_goes_on_where_it_was(write_traces, tmp_path):
    write_traces(rows=[{"q": "What is 2 + 2?", "c": f"<think>{i}</think>4"} for i in range(150)])
    moments, codes = random.Random(1), []
    for attempt in range(3):
        command = [sys.executable, "-c", PROGRAM, str(Path(__file__).parents[2]), str(tmp_path)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None and process.stdout.readline() == "ready\n", process.communicate()[1]
        if attempt < 2:
            try:
                process.wait(moments.uniform(0.02, 0.2))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
        errors = process.communicate()[1]
        codes.append(process.returncode)
    assert codes[-1] == 0 and -signal.SIGKILL in codes, errors
    rows = Lake(str(tmp_path / "lake")).scan("rollouts").sort("index").collect()
    assert rows["completion"].to_list() == [f"<think>{i}</think>4" for i in range(150)]
    assert not (tmp_path / "j").exists()
