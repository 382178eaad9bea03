"""The Job of Kubernetes that runs a training job: what is asked of the cluster, and what the job may do."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from r1data import ids, paths
from r1data.recipe.training import Kubernetes, Launch
from r1data.train.job import LOG, Job
from r1data.train.launchers.command import command, name_of, public

KEEP_S = 7 * 86_400
"""Seconds that Kubernetes keeps a Job that has ended, for people who look for its events."""
GRACE_S = 10
LOGGED = 'set -o pipefail; "$@" 2>&1 | tee -a "$0"'
"""Also writes what the job says into its log, and ends with the job's exit status."""
AGAIN = {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]}
"""A pod that a node lost or that made room for others is started again; one that failed is not."""
LOCKED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def folder_label(job: Path, cluster: Kubernetes) -> str:
    """What finds the Jobs of a job's folder again, whoever made them."""
    return f"r1data/folder={ids.digest(cluster.volume_claim, str(job.parent))}"


def manifest(job: Path, launch: Launch, *, n: int, environment: Mapping[str, str]) -> dict[str, Any]:
    """The Job, as the API takes it.

    Args:
        job: `job.json` of the job's folder.
        launch: section [launch] of the student's recipe.
        n: which attempt it is, from 1.
        environment: variables of the job; secrets among them are left out.
    """
    key, _, digest = folder_label(job, launch.kubernetes).partition("=")
    labels = {"app.kubernetes.io/name": "r1data", "r1data/run-key": Job.read(job).run_key, key: digest}
    spec = {
        "backoffLimit": 0,
        "podFailurePolicy": AGAIN,
        "ttlSecondsAfterFinished": KEEP_S,
        "template": {"metadata": {"labels": labels}, "spec": _pod(job, launch, environment)},
    }
    metadata = {"name": f"{name_of(job)}-{n}", "labels": labels}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}


def _pod(job: Path, launch: Launch, environment: Mapping[str, str]) -> dict[str, Any]:
    cluster = launch.kubernetes
    user = {"runAsUser": os.getuid(), "runAsGroup": os.getgid()} if os.getuid() else {}
    pod: dict[str, Any] = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": GRACE_S,
        "automountServiceAccountToken": bool(cluster.service_account),
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}, **user},
        "containers": [_container(job, launch, environment)],
        "volumes": [
            {"name": "home", "persistentVolumeClaim": {"claimName": cluster.volume_claim}},
            {"name": "shm", "emptyDir": {"medium": "Memory"}},  # processes of a job meet in /dev/shm
        ],
    }
    if launch.max_hours:  # of the pod and not of the Job, whose time begins when it is made
        pod["activeDeadlineSeconds"] = int(launch.max_hours * 3600)
    if cluster.gpu_resource:
        pod["tolerations"] = [{"key": cluster.gpu_resource, "operator": "Exists", "effect": "NoSchedule"}]
    if cluster.node_selector:
        pod["nodeSelector"] = cluster.node_selector
    if cluster.service_account:
        pod["serviceAccountName"] = cluster.service_account
    return pod


def _container(job: Path, launch: Launch, environment: Mapping[str, str]) -> dict[str, Any]:
    cluster = launch.kubernetes
    gpus = {cluster.gpu_resource: str(launch.processes)} if cluster.gpu_resource else {}
    # A user that the image does not know has no home and no name, and libraries ask for both.
    variables = {"HOME": "/tmp", "USER": "r1data"} | public(environment)
    container: dict[str, Any] = {
        "name": "trainer",
        "image": cluster.image,
        "command": ["bash", "-c", LOGGED, str(job.parent / LOG), *command(job, launch, python="python")],
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "resources": {
            "requests": {"cpu": cluster.cpu, "memory": cluster.memory, **gpus},
            "limits": {"memory": cluster.memory, **gpus},
        },
        "volumeMounts": [
            {"name": "home", "mountPath": str(paths.home())},
            {"name": "shm", "mountPath": "/dev/shm"},
        ],
        "securityContext": LOCKED,
    }
    if cluster.secret:
        container["envFrom"] = [{"secretRef": {"name": cluster.secret}}]
    return container
