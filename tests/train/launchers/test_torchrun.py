"""Two processes on a CPU, which talk by gloo."""

import time
from collections.abc import Callable
from pathlib import Path

import orjson
import polars as pl
import psutil
import pytest

from r1data.errors import ConfigError
from r1data.generate.models import read_folder
from r1data.recipe import Launch, Sft
from r1data.train.exports import Export
from r1data.train.follow import follow
from r1data.train.job import METRICS, Job, Progress
from r1data.train.launchers.torchrun import Torchrun

pytestmark = pytest.mark.slow

SFT = Sft(learning_rate=3e-3, epochs=2, batch_size=4, max_tokens=128, bf16=False)
N_ROWS, STEPS = 16, 8
"""A process alone takes as many steps: N_ROWS / batch_size × epochs."""


def test_two_processes_train_one_student_in_the_steps_of_one(
    tiny_model: Path,
    mix_rows: Callable[[int], pl.DataFrame],
    export_rows: Callable[[pl.DataFrame, Path], Export],
    tmp_path: Path,
):
    rows, launch = export_rows(mix_rows(N_ROWS), tmp_path / "exports").rows, two_processes()
    settings = {"sft": SFT.model_dump(mode="json")}
    told = list[Progress]()
    job = Job("tiny", "k", "sft", str(tmp_path), str(rows), str(tiny_model), 0, settings, launch.model_dump())
    follow(job, Torchrun(launch), on_progress=told.append, environment={"OMP_NUM_THREADS": "1"})
    assert [(one.step, one.steps) for one in told] == [(step, STEPS) for step in range(1, STEPS + 1)]
    metrics = orjson.loads((tmp_path / METRICS).read_bytes())
    assert metrics["steps"] == STEPS and metrics["n_rows"] == N_ROWS
    assert metrics["curve"][-1]["loss"] < metrics["curve"][0]["loss"]
    assert read_folder(tmp_path / "model").revision != read_folder(tiny_model).revision


def test_a_cancelled_job_leaves_no_process(tmp_path: Path):
    job = Job("s", "k", "sft", str(tmp_path), "rows", "base", 0, {}, two_processes().model_dump()).write()
    launcher = Torchrun(two_processes())
    handle = launcher.submit(job, environment={})
    started: list[psutil.Process] = []
    until = time.monotonic() + 60
    while len(started) < 3:  # torchrun and its two
        assert time.monotonic() < until and launcher.poll(handle).state == "running", launcher.logs(handle)
        started = psutil.Process(int(handle)).children(recursive=True)
    launcher.cancel(handle)
    assert launcher.poll(handle).state == "failed"
    assert not [process for process in started if process.is_running()]


def test_several_machines_are_refused():
    with pytest.raises(ConfigError, match="machines is 2"):
        Torchrun(Launch(machines=2))


def two_processes() -> Launch:
    return Launch(processes=2, trackers=())
