"""Against a Ray cluster of this machine, where Ray is installed."""

import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from r1data.errors import ConfigError, TrainError
from r1data.recipe.training import Launch
from r1data.train.job import LOG, Job
from r1data.train.launchers import ray
from r1data.train.launchers.launcher import Status

CLUSTER = """
import sys, ray
told = ray.init("local", num_cpus=2, include_dashboard=True, dashboard_host="127.0.0.1")
print(told.dashboard_url, flush=True)
sys.stdin.read()
"""
needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed")


@pytest.fixture(scope="module", autouse=True)
def key() -> Iterator[None]:
    """Ray reads once, before its first client is made, whether clusters want a key."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAY_AUTH_MODE", "token")
        environment.setenv("RAY_AUTH_TOKEN", secrets.token_hex())
        yield


@pytest.fixture(scope="module")
def cluster(key: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the dashboard of a cluster that takes jobs of this process alone."""
    head = subprocess.Popen(
        [sys.executable, "-c", CLUSTER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path_factory.mktemp("head"),  # where Python looks first for modules of a job
    )
    with head:
        assert head.stdout is not None and head.stdin is not None
        yield f"http://{head.stdout.readline().strip()}"
        head.stdin.close()


def launch(address: str = "http://127.0.0.1:1", *, gpus: int = 0, machines: int = 1) -> Launch:
    told = {"address": address, "python": sys.executable, "cpus": 1, "gpus": gpus}
    return Launch.model_validate({"machines": machines, "ray": told})


def written(folder: Path, trainer: str, program: str) -> Path:
    """A job whose trainer is a program of this test's."""
    package = folder / "r1data" / "train"
    package.mkdir(parents=True)
    for inside in (package.parent, package):
        (inside / "__init__.py").touch()
    (package / f"{trainer}.py").write_text(program)
    return Job("s", "0123456789abcdef" * 2, trainer, str(folder), "rows", "base", 0, {}).write()


def until(launcher: ray.Ray, handle: str, *states: str) -> Status:
    last = time.monotonic() + 60
    while (status := launcher.poll(handle)).state not in states:
        assert time.monotonic() < last, status
        time.sleep(0.2)
    return status


@pytest.mark.skipif(find_spec("ray") is not None, reason="ray is installed")
def test_without_ray_the_error_says_what_to_install(tmp_path: Path):
    job = Job("s", "0" * 32, "sft", str(tmp_path), "rows", "base", 0, {}).write()
    with pytest.raises(ConfigError, match=r"pip install 'r1data\[ray\]'"):
        ray.Ray(launch()).submit(job, environment={})


def test_several_machines_are_refused():
    with pytest.raises(ConfigError, match="machines is 2"):
        ray.Ray(launch(machines=2))


@needs_ray
def test_a_cluster_that_does_not_answer_is_named(tmp_path: Path):
    assert ray.Ray(launch()).find(tmp_path / "job.json") is None
    job = Job("s", "0" * 32, "sft", str(tmp_path), "rows", "base", 0, {}).write()
    with pytest.raises(TrainError, match=r"http://127\.0\.0\.1:1 refused"):
        ray.Ray(launch()).find(job)


@needs_ray
@pytest.mark.slow
def test_a_job_runs_is_found_by_its_run_key_and_may_run_again(cluster: str, tmp_path: Path):
    program = "import os, time; print(os.environ['HF_HUB_OFFLINE'], os.environ['A']); time.sleep(2)"
    job, launcher = written(tmp_path, "shown", program), ray.Ray(launch(cluster))
    environment = {"PYTHONPATH": str(tmp_path), "A": "a"}
    handle = launcher.submit(job, environment=environment)
    assert handle == "r1data-0123456789ab-1"
    assert ray.Ray(launch(cluster)).find(job) == handle
    assert launcher.find(written(tmp_path / "elsewhere", "shown", program)) is None
    assert until(launcher, handle, "done", "failed").state == "done"
    assert launcher.find(job) is None
    assert launcher.logs(handle, lines=1) == (tmp_path / LOG).read_text().strip() == "1 a"
    assert launcher.submit(job, environment=environment) == "r1data-0123456789ab-2"


@needs_ray
@pytest.mark.slow
def test_memory_that_ran_out_is_told_from_other_failures(cluster: str, tmp_path: Path):
    launcher = ray.Ray(launch(cluster))
    statuses = []
    for trainer, program in (("hungry", "raise MemoryError"), ("broken", "raise SystemExit(3)")):
        job = written(tmp_path / trainer, trainer, program)
        handle = launcher.submit(job, environment={"PYTHONPATH": str(job.parent)})
        statuses.append(until(launcher, handle, "done", "failed"))
    assert [status.memory for status in statuses] == [True, False]
    assert statuses[1].why == "Job entrypoint command failed with exit code 3"


@needs_ray
@pytest.mark.slow
def test_a_cancelled_job_ends_and_a_lost_one_is_a_failure(cluster: str, tmp_path: Path):
    job, launcher = written(tmp_path, "long", "import time; time.sleep(600)"), ray.Ray(launch(cluster))
    handle = launcher.submit(job, environment={"PYTHONPATH": str(tmp_path)})
    until(launcher, handle, "running")
    launcher.cancel(handle)
    assert until(launcher, handle, "done", "failed") == Status("failed", "Job was intentionally stopped.")
    assert launcher.poll("r1data-unknown-1").state == "failed"
