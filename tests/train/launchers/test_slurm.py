"""Jobs in Slurm's queue, which a folder of files plays (fake_slurm.py); the scripts really run."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from r1data.errors import ConfigError, TrainError
from r1data.recipe.training import Launch
from r1data.train.job import LOG, METRICS, Job
from r1data.train.launchers.launcher import Status
from r1data.train.launchers.slurm import SCRIPT, Slurm
from tests.train.launchers import fake_slurm

INTERPRETER = """\
import json, os, pathlib, sys, time
told = {"argv": sys.argv[1:], "environment": dict(os.environ)}
pathlib.Path("seen.json").write_text(json.dumps(told))
print("step 1", flush=True)
while not os.path.exists("go"):
    time.sleep(0.02)
sys.exit(int(pathlib.Path("go").read_text()))
"""

Fake = Callable[..., None]


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Slurm's commands on PATH, and what its scheduler does: `start` and `end`."""
    state, bin_ = tmp_path / "state", tmp_path / "bin"
    state.mkdir()
    bin_.mkdir()
    fake = [sys.executable, "-IS", fake_slurm.__file__, str(state)]
    for name in ("sbatch", "squeue", "sacct", "scancel"):
        (bin_ / name).write_text(f'#!/bin/sh\nexec {shlex.join([*fake, name])} "$@"\n')
    (bin_ / "srun").write_text('#!/bin/sh\necho "$@" > over_all.txt\nshift 2\nexec "$@"\n')
    (bin_ / "scontrol").write_text("#!/bin/sh\nprintf 'n1\\nn2\\n'\n")
    for file in bin_.iterdir():
        file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}:{os.environ['PATH']}")

    def command(name: str, *words: str) -> None:
        subprocess.run([*fake, name, *words], check=True)

    return command


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a job in a folder that shells and Slurm could misread; what runs it records how."""
    folder = tmp_path / "it's 100%j of $HOME" / "tiny-0123456789ab"
    folder.mkdir(parents=True)
    python = folder / "py thon"
    script = folder / "interpreter.py"
    script.write_text(INTERPRETER)
    python.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, str(script)])} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    return Job("tiny", "0123456789ab" * 2, "sft", str(folder), "rows", "base", 0, {}).write()


def until(path: Path) -> str:
    """What a file says as soon as it says something."""
    for _ in range(500):
        if path.exists() and path.read_text():
            return path.read_text()
        time.sleep(0.02)
    raise AssertionError(f"{path} was not written")


def ended(launcher: Slurm, handle: str) -> Status:
    """How a job stands once it runs no more."""
    for _ in range(100):
        status = launcher.poll(handle)
        if status.state != "running":
            return status
        time.sleep(0.05)
    raise AssertionError(f"{handle} goes on")


def test_a_job_waits_runs_and_is_done_and_whoever_asks_finds_it(slurm: Fake, job: Path):
    launcher = Slurm(Launch())
    assert launcher.find(job) is None
    secret = {"WANDB_API_KEY": "geheim", "NOTE": 'it\'s "so"'}
    handle = launcher.submit(job, environment=secret)
    assert launcher.poll(handle) == Status("waiting", "PENDING, Resources")
    slurm("start", "1")
    seen = json.loads(until(job.with_name("seen.json")))
    assert seen["argv"] == ["-m", "r1data.train.sft", str(job)]
    assert seen["environment"] | {"WANDB_API_KEY": "geheim", "NOTE": 'it\'s "so"'} == seen["environment"]
    assert "geheim" not in job.with_name(SCRIPT).read_text()
    another = Slurm(Launch())
    assert another.find(job) == handle
    assert another.poll(handle) == Status("running", "RUNNING")
    job.with_name("go").write_text("0")
    assert ended(launcher, handle) == Status("done")
    assert launcher.find(job) is None
    assert launcher.logs(handle) == job.with_name(LOG).read_text() == "step 1\n"


def test_a_job_that_made_room_for_others_waits_and_runs_again_and_its_log_goes_on(slurm: Fake, job: Path):
    launcher = Slurm(Launch())
    handle = launcher.submit(job, environment={})
    slurm("start", "1")
    until(job.with_name(LOG))
    slurm("end", "1", "PREEMPTED")
    assert launcher.poll(handle) == Status("waiting", "PREEMPTED, Resources")
    slurm("start", "1")
    job.with_name("go").write_text("3")
    assert ended(launcher, handle) == Status("failed", "Slurm job 1 ended as FAILED")
    assert launcher.logs(handle) == "step 1\nstep 1\n"
    assert launcher.logs(handle, lines=1) == "step 1\n"


def test_a_cancelled_job_ends_at_once_and_may_be_cancelled_again(slurm: Fake, job: Path):
    launcher = Slurm(Launch())
    handle = launcher.submit(job, environment={})
    slurm("start", "1")
    until(job.with_name("seen.json"))
    launcher.cancel(handle)
    assert launcher.poll(handle) == Status("failed", "Slurm job 1 ended as CANCELLED")
    launcher.cancel(handle)
    launcher.cancel(f"77:{job.parent}")


@pytest.mark.parametrize(
    ("queue", "booked", "memory"),
    [
        ("OUT_OF_MEMORY", "", True),
        ("FAILED", "ID|FAILED|137:0\nID.batch|OUT_OF_MEMORY|0:125", True),
        ("FAILED", "ID|FAILED|1:0\nID.batch|FAILED|1:0", False),
        ("TIMEOUT", "", False),
    ],
)
def test_a_job_whose_memory_ran_out_is_told_from_others(
    slurm: Fake, job: Path, tmp_path: Path, queue: str, booked: str, memory: bool
):
    launcher = Slurm(Launch())
    handle = launcher.submit(job, environment={})
    slurm("end", "1", queue)
    (tmp_path / "state" / "sacct.txt").write_text(booked)
    status = launcher.poll(handle)
    assert (status.state, status.memory) == ("failed", memory)
    assert f"ended as {queue}" in status.why


@pytest.mark.parametrize(
    ("booked", "state", "why"),
    [
        ("ID|COMPLETED|0:0", "done", ""),
        ("ID|CANCELLED by 1000|0:0", "failed", "Slurm job 1 ended as CANCELLED, exit code 0:0"),
        ("ID|NODE_FAIL|0:0", "failed", "Slurm job 1 ended as NODE_FAIL, exit code 0:0"),
        ("", "failed", "neither squeue nor sacct knows Slurm job 1 any more"),
    ],
)
def test_of_a_job_that_the_queue_has_forgotten_the_accounting_tells(
    slurm: Fake, job: Path, tmp_path: Path, booked: str, state: str, why: str
):
    launcher = Slurm(Launch())
    handle = launcher.submit(job, environment={})
    (tmp_path / "state" / "1.old").touch()
    (tmp_path / "state" / "sacct.txt").write_text(booked)
    assert launcher.poll(handle) == Status(state, why)


def test_a_job_that_nobody_remembers_is_done_when_its_metrics_are_newer_than_it(
    slurm: Fake, job: Path, tmp_path: Path
):
    metrics = job.with_name(METRICS)
    metrics.write_text("{}")
    os.utime(metrics, (0, 0))
    launcher = Slurm(Launch())
    handle = launcher.submit(job, environment={})
    (tmp_path / "state" / "1.old").touch()
    assert launcher.poll(handle).state == "failed"
    metrics.touch()
    metrics.with_name("model").mkdir()
    assert launcher.poll(handle) == Status("done")


def test_a_controller_that_does_not_answer_loses_no_job_and_takes_none(
    slurm: Fake, job: Path, tmp_path: Path
):
    launcher = Slurm(Launch())
    handle = launcher.submit(job, environment={})
    (tmp_path / "state" / "down").touch()
    assert launcher.poll(handle).state == "waiting"
    assert "Unable to contact" in launcher.poll(handle).why
    for ask in (launcher.find, launcher.cancel, lambda path: launcher.submit(path, environment={})):
        with pytest.raises(TrainError, match="Unable to contact"):
            ask(handle if ask == launcher.cancel else job)


def test_the_recipe_says_what_is_asked_of_the_cluster(slurm: Fake, job: Path, tmp_path: Path):
    asked = {"partition": "gpu", "account": "lab", "gpus": "a100:4", "cpus_per_task": 16, "memory": "64G"}
    extra = ("--constraint='a&b'",)
    Slurm(Launch(max_hours=1.5, slurm={**asked, "extra": extra})).submit(job, environment={})
    options = json.loads((tmp_path / "state" / "1.job").read_text())["options"]
    given = {name: text for name, text in options.items() if text is not None}
    assert given == {
        "job_name": "r1data-0123456789ab",
        "requeue": True,
        "open_mode": "append",
        "output": str(job.with_name(LOG)).replace("%", "%%"),
        "dependency": "singleton",
        "chdir": str(job.parent),
        "nodes": "1",
        "ntasks_per_node": "1",
        "cpus_per_task": "16",
        "gpus_per_node": "a100:4",
        "mem": "64G",
        "time": "90",
        "partition": "gpu",
        "account": "lab",
        "constraint": "a&b",
    }


def test_a_job_on_several_machines_meets_at_the_first_of_them(slurm: Fake, job: Path):
    launch = Launch(machines=2, processes=4, slurm={"setup": ("export MODULES='a b'",), "gpus": "0"})
    launcher = Slurm(launch)
    handle = launcher.submit(job, environment={})
    assert "gpus" not in job.with_name(SCRIPT).read_text()
    slurm("start", "1")
    seen = json.loads(until(job.with_name("seen.json")))
    width = ["--nnodes=2", "--nproc-per-node=4"]
    meet = ["--rdzv-backend=c10d", "--rdzv-endpoint=n1:20001", "--rdzv-id=1"]
    trainer = ["-m", "r1data.train.sft", str(job)]
    assert seen["argv"] == ["-m", "torch.distributed.run", *width, *meet, *trainer]
    assert seen["environment"]["MODULES"] == "a b"
    assert job.with_name("over_all.txt").read_text().startswith("--kill-on-bad-exit=1 --cpus-per-task=8 ")
    launcher.cancel(handle)


def test_what_slurm_refuses_is_quoted(slurm: Fake, job: Path):
    with pytest.raises(TrainError, match="Invalid partition name"):
        Slurm(Launch(slurm={"partition": "closed"})).submit(job, environment={})


def test_a_machine_without_slurm_is_told_before_anything_is_written(
    job: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match=r"needs sbatch, squeue, scancel.*slurm-client"):
        Slurm(Launch())
