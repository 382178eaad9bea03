"""Jobs of Kubernetes, by the real client, against an API that is served from memory (fake_kubernetes.py)."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from r1data import paths
from r1data.errors import ConfigError, TrainError
from r1data.recipe.training import Launch
from r1data.train.job import LOG, Job
from r1data.train.launchers.kubernetes import Kubernetes
from r1data.train.launchers.launcher import Status
from tests.train.launchers.fake_kubernetes import TOKEN, Cluster, serving

needs_client = pytest.mark.skipif(not find_spec("kubernetes"), reason="the extra kubernetes is not installed")
SECTION = {"image": "registry/r1data:1", "volume_claim": "shared", "namespace": "lab"}
NAME = "r1data-0123456789ab-1"


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster that the kubeconfig names."""
    made = Cluster()
    with serving(made) as address:
        named = {
            "clusters": [{"name": "here", "cluster": {"server": address}}],
            "users": [{"name": "me", "user": {"token": TOKEN}}],
            "contexts": [{"name": "tests", "context": {"cluster": "here", "user": "me"}}],
            "current-context": "tests",
        }
        config = tmp_path / "kubeconfig"
        config.write_text(yaml.safe_dump(named))
        monkeypatch.setenv("KUBECONFIG", str(config))
        yield made


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a job in a folder that shells could misread."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "it's home"))
    folder = paths.students() / "tiny-0123456789ab"
    folder.mkdir(parents=True)
    rows, base = str(paths.home() / "exports" / "rows"), str(paths.models() / "base")
    return Job("tiny", "0123456789ab" * 2, "sft", str(folder), rows, base, 0, {}).write()


def launch(**cluster: Any) -> Launch:
    return Launch(processes=2, max_hours=0.5, kubernetes=SECTION | cluster)


def pod_of(cluster: Cluster) -> dict[str, Any]:
    return cluster.jobs[NAME]["spec"]["template"]["spec"]


@needs_client
def test_a_model_that_the_pod_would_not_see_is_refused(cluster: Cluster, job: Path):
    replace(Job.read(job), base="/elsewhere/base").write()
    with pytest.raises(ConfigError, match=r"/elsewhere/base is not in it. Set HF_HOME"):
        Kubernetes(launch()).submit(job, environment={})
    assert not cluster.jobs


@needs_client
def test_a_job_waits_runs_and_is_done_and_whoever_asks_finds_it(cluster: Cluster, job: Path):
    launcher = Kubernetes(launch())
    assert launcher.find(job) is None
    handle = launcher.submit(job, environment={})
    assert handle == NAME
    assert launcher.poll(handle) == Status("waiting", "no pod was made yet")
    assert launcher.logs(handle) == ""
    cluster.pod(NAME, 1, phase="Running")
    assert Kubernetes(launch(context="tests")).find(job) == handle
    assert Kubernetes(launch(volume_claim="another")).find(job) is None
    assert launcher.poll(handle) == Status("running", f"{NAME}-1")
    cluster.logs[f"{NAME}-1"] = "step 1\nstep 2 — ½\n"
    assert launcher.logs(handle, lines=1) == "step 2 — ½\n"
    cluster.end(NAME, type="Complete")
    assert launcher.poll(handle) == Status("done")
    assert launcher.find(job) is None
    assert launcher.submit(job, environment={}).endswith("-2")


@needs_client
def test_the_manifest_says_what_the_job_needs_and_no_secret(cluster: Cluster, job: Path):
    secret = {"WANDB_API_KEY": "geheim", "HF_TOKEN": "geheim", "NOTE": "plain"}
    chosen = launch(
        gpu_resource="amd.com/gpu", node_selector={"pool": "gpus"}, secret="trackers", memory="9Gi"
    )
    Kubernetes(chosen).submit(job, environment=secret)
    assert "geheim" not in json.dumps(cluster.jobs)
    pod = pod_of(cluster)
    (container,) = pod["containers"]
    variables = {one["name"]: one["value"] for one in container["env"]}
    home = str(paths.home())
    assert variables == {
        "HOME": "/tmp",
        "USER": "r1data",
        "DAGSTER_HOME": home,
        "HF_HUB_OFFLINE": "1",
        "NOTE": "plain",
    }
    assert container["envFrom"] == [{"secretRef": {"name": "trackers"}}]
    assert container["volumeMounts"][0] == {"name": "home", "mountPath": home}
    assert container["resources"]["limits"] == {"memory": "9Gi", "amd.com/gpu": "2"}
    assert (pod["activeDeadlineSeconds"], pod["nodeSelector"]) == (1800, {"pool": "gpus"})
    assert pod["securityContext"]["runAsNonRoot"]
    assert cluster.jobs[NAME]["spec"]["backoffLimit"] == 0
    assert pod["securityContext"].get("runAsUser", 0) == os.getuid()


@needs_client
def test_a_cluster_without_gpus_is_asked_for_none(cluster: Cluster, job: Path):
    Kubernetes(launch(gpu_resource="")).submit(job, environment={})
    pod = pod_of(cluster)
    asked = {"requests": {"cpu": "8", "memory": "64Gi"}, "limits": {"memory": "64Gi"}}
    assert (pod["containers"][0]["resources"], pod.get("tolerations")) == (asked, None)


@needs_client
def test_the_command_of_the_pod_keeps_the_log_and_the_exit_status(
    cluster: Cluster, job: Path, tmp_path: Path
):
    Kubernetes(launch()).submit(job, environment={})
    (tmp_path / "python").write_text('#!/bin/sh\nprintf "<%s>" "$@"; echo lost >&2; exit 7\n')
    (tmp_path / "python").chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = pod_of(cluster)["containers"][0]["command"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    words = ["--nnodes=1", "--nproc-per-node=2", "--standalone", "-m", "r1data.train.sft", str(job)]
    said = "".join(f"<{word}>" for word in ["-m", "torch.distributed.run", *words]) + "lost\n"
    assert (run.returncode, run.stdout, job.with_name(LOG).read_text()) == (7, said, said)


WAITING = {"name": "trainer", "image": "i", "imageID": "", "ready": False, "restartCount": 0}
NO_ROOM = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}


@needs_client
@pytest.mark.parametrize(
    ("status", "why"),
    [
        ({"conditions": [NO_ROOM]}, "Unschedulable: 0/3 nodes"),
        (
            {
                "containerStatuses": [
                    {
                        **WAITING,
                        "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}},
                    }
                ]
            },
            "ImagePullBackOff: no such image",
        ),
        ({}, "its pod is being started"),
    ],
)
def test_a_pod_that_does_not_start_says_why(cluster: Cluster, job: Path, status: dict[str, Any], why: str):
    launcher = Kubernetes(launch())
    handle = launcher.submit(job, environment={})
    cluster.pod(NAME, 1, phase="Pending", **status)
    assert launcher.poll(handle) == Status("waiting", why)


@needs_client
@pytest.mark.parametrize(("reason", "memory"), [("OOMKilled", True), ("Error", False)])
def test_a_job_whose_memory_ran_out_is_told_from_others(
    cluster: Cluster, job: Path, reason: str, memory: bool
):
    launcher = Kubernetes(launch())
    handle = launcher.submit(job, environment={})
    ended = {"terminated": {"reason": reason, "exitCode": 137}}
    cluster.pod(NAME, 2, phase="Failed", containerStatuses=[{**WAITING, "state": ended}])
    cluster.pod(NAME, 1, phase="Failed", reason="Preempted")
    cluster.end(NAME, type="Failed", reason="BackoffLimitExceeded")
    assert launcher.poll(handle) == Status("failed", f"Job {NAME}: {reason}, exit status 137", memory=memory)


@needs_client
def test_a_job_that_took_too_long_or_was_deleted_has_failed(cluster: Cluster, job: Path):
    launcher = Kubernetes(launch())
    handle = launcher.submit(job, environment={})
    cluster.pod(NAME, 1, phase="Failed", reason="DeadlineExceeded")
    cluster.end(NAME, type="Failed", reason="BackoffLimitExceeded")
    assert launcher.poll(handle) == Status("failed", f"Job {NAME}: DeadlineExceeded")
    cluster.jobs.clear()
    assert launcher.poll(handle) == Status("failed", f"Job {NAME} is not in namespace lab any more")


@needs_client
def test_a_cancelled_job_is_gone_and_one_that_has_ended_stays(cluster: Cluster, job: Path):
    launcher = Kubernetes(launch())
    handle = launcher.submit(job, environment={})
    launcher.cancel(handle)
    assert cluster.jobs == {}
    launcher.cancel(handle)
    handle = launcher.submit(job, environment={})
    cluster.end(handle, type="Failed", reason="BackoffLimitExceeded")
    launcher.cancel(handle)
    assert list(cluster.jobs) == [handle]


@needs_client
def test_a_cluster_that_does_not_answer_loses_no_job_and_takes_none(cluster: Cluster, job: Path):
    launcher = Kubernetes(launch())
    handle = launcher.submit(job, environment={})
    cluster.down = "etcd is away"
    assert launcher.poll(handle) == Status("waiting", "Kubernetes does not answer: etcd is away")
    for ask in (
        launcher.find,
        launcher.cancel,
        launcher.logs,
        lambda job: launcher.submit(job, environment={}),
    ):
        with pytest.raises(TrainError, match="etcd is away"):
            ask(handle if ask in (launcher.cancel, launcher.logs) else job)


@needs_client
def test_what_the_cluster_refuses_is_quoted(cluster: Cluster, job: Path):
    with pytest.raises(TrainError, match=r"cannot GET .*/elsewhere/"):
        Kubernetes(launch(namespace="elsewhere")).submit(job, environment={})


@needs_client
def test_a_kubeconfig_that_is_missing_is_told_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with pytest.raises(ConfigError, match=r"finds no cluster.*KUBECONFIG"):
        Kubernetes(launch())


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"kubernetes": {}}, r"image and volume_claim under \[launch.kubernetes\]"),
        ({"machines": 2, "kubernetes": SECTION}, "one machine, .* machines = 2.*slurm"),
    ],
)
def test_a_recipe_that_says_too_little_or_too_much_is_refused(section: dict[str, Any], told: str):
    with pytest.raises(ConfigError, match=told):
        Kubernetes(Launch(**section))


def test_a_machine_without_the_client_is_told_which_extra_it_needs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    with pytest.raises(ConfigError, match=r"r1data\[kubernetes\]"):
        Kubernetes(launch())
