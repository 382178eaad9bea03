"""A training job as a Job of Kubernetes, by the maintained client
(https://github.com/kubernetes-client/python).

What this asks for: an image that has r1data, bash and a user other than root, and one volume claim that
holds DAGSTER_HOME both for this process and for the job. What this does not do: spread a job over machines.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from r1data import paths
from r1data.errors import ConfigError, TrainError
from r1data.recipe.training import Launch
from r1data.train.job import Job
from r1data.train.launchers.kubernetes_api import Refused, ask, connect
from r1data.train.launchers.kubernetes_job import folder_label, manifest
from r1data.train.launchers.launcher import Status

if TYPE_CHECKING:
    from kubernetes.client import V1Job, V1JobCondition, V1Pod

CANCEL_S = 60.0
GONE, NOT_STARTED = 404, 400


class Kubernetes:
    """Jobs of Kubernetes; see `launcher.Launcher` for the methods. A handle is the name of a Job."""

    outlives = True
    poll_s = 10.0

    def __init__(self, launch: Launch) -> None:
        self.launch, self.namespace = launch, launch.kubernetes.namespace
        _check(launch)
        api = connect(launch.kubernetes.context)
        from kubernetes.client import BatchV1Api, CoreV1Api

        self._batch, self._core = BatchV1Api(api), CoreV1Api(api)

    def submit(self, job: Path, *, environment: Mapping[str, str]) -> str:
        _check_paths(job)
        try:
            attempts = [int(one.metadata.name.rpartition("-")[2]) for one in self._of(job)]
            body = manifest(job, self.launch, n=1 + max(attempts, default=0), environment=environment)
            return ask(self._batch.create_namespaced_job, self.namespace, body).metadata.name
        except Refused as refusal:
            raise TrainError(f"Kubernetes did not take the job of {job.parent}: {refusal}") from refusal

    def find(self, job: Path) -> str | None:
        try:
            found = self._of(job)
        except Refused as refusal:
            raise TrainError(
                f"Kubernetes does not say which jobs run, so none was submitted: {refusal}"
            ) from refusal
        alive = (one for one in found if not (_end(one) or one.metadata.deletion_timestamp))
        return next((one.metadata.name for one in alive), None)

    def poll(self, handle: str) -> Status:
        try:
            job = ask(self._batch.read_namespaced_job, handle, self.namespace)
            pod = self._pod(handle)
        except Refused as refusal:
            if refusal.status == GONE:
                return Status("failed", f"Job {handle} is not in namespace {self.namespace} any more")
            return Status("waiting", f"Kubernetes does not answer: {refusal}")
        end = _end(job)
        if end and end.type == "Complete":
            return Status("done")
        if end:
            why, memory = _killed(pod)
            return Status("failed", f"Job {handle}: {why or end.message or end.reason}", memory=memory)
        if job.metadata.deletion_timestamp:
            return Status("failed", f"Job {handle} was deleted")
        if pod is None:
            return Status("waiting", "suspended" if job.spec.suspend else "no pod was made yet")
        if pod.status.phase == "Pending":
            return Status("waiting", _waits(pod))
        return Status("running", pod.metadata.name)

    def cancel(self, handle: str) -> None:
        if self.poll(handle).state in ("done", "failed"):
            return
        give_up = time.monotonic() + CANCEL_S
        try:
            ask(self._batch.delete_namespaced_job, handle, self.namespace, propagation_policy="Foreground")
            while time.monotonic() < give_up:  # until its pod, which may still write checkpoints, is gone
                ask(self._batch.read_namespaced_job, handle, self.namespace)
                time.sleep(0.5)
        except Refused as refusal:
            if refusal.status != GONE:
                raise TrainError(f"Kubernetes did not cancel {handle}: {refusal}") from refusal

    def logs(self, handle: str, lines: int = 50) -> str:
        try:
            pod = self._pod(handle)
            name = pod.metadata.name if pod else ""
            read = self._core.read_namespaced_pod_log
            return ask(read, name, self.namespace, tail_lines=lines) if name else ""
        except Refused as refusal:
            if refusal.status in (GONE, NOT_STARTED):
                return ""
            raise TrainError(f"Kubernetes does not show the log of {handle}: {refusal}") from refusal

    def _of(self, job: Path) -> "list[V1Job]":
        """All Jobs of a job's folder, also those that have ended."""
        label = folder_label(job, self.launch.kubernetes)
        return ask(self._batch.list_namespaced_job, self.namespace, label_selector=label).items

    def _pod(self, handle: str) -> "V1Pod | None":
        """The pod of a Job that was made last."""
        label = f"batch.kubernetes.io/job-name={handle}"
        found = ask(self._core.list_namespaced_pod, self.namespace, label_selector=label).items
        return max(found, key=lambda pod: pod.metadata.creation_timestamp, default=None)


def _check(launch: Launch) -> None:
    missing = [key for key in ("image", "volume_claim") if not getattr(launch.kubernetes, key)]
    if missing:
        raise ConfigError(
            f"Launcher kubernetes needs {' and '.join(missing)} under [launch.kubernetes] of the student's "
            "recipe: the image that has r1data, and the claim that holds DAGSTER_HOME."
        )
    if launch.machines > 1:
        raise ConfigError(
            f"Launcher kubernetes runs a job on one machine, and [launch] says machines = {launch.machines}. "
            "Raise processes instead, or take launcher slurm or ray."
        )


def _check_paths(job: Path) -> None:
    told = Job.read(job)
    outside = [path for path in (told.base, told.rows, *told.models.values()) if not _inside(path)]
    if outside:
        raise ConfigError(
            f"The pod sees {paths.home()} alone, and {outside[0]} is not in it. Set HF_HOME to a folder in "
            "DAGSTER_HOME before models are fetched, or copy the model there and name its folder."
        )


def _inside(path: str) -> bool:
    return Path(path).absolute().is_relative_to(paths.home().absolute())


def _end(job: "V1Job") -> "V1JobCondition | None":
    """The condition that says that a Job has ended, and how."""
    told = job.status.conditions or []
    return next((one for one in told if one.type in ("Complete", "Failed") and one.status == "True"), None)


def _killed(pod: "V1Pod | None") -> tuple[str, bool]:
    """How a pod ended, and whether its memory ran out."""
    for container in (pod and pod.status.container_statuses) or []:
        if end := container.state.terminated:
            return f"{end.reason}, exit status {end.exit_code}", end.reason == "OOMKilled"
    return (pod.status.message or pod.status.reason or "", False) if pod else ("", False)


def _waits(pod: "V1Pod") -> str:
    """What a pod waits for: its image, or a machine that has room."""
    for container in pod.status.container_statuses or []:
        if wait := container.state.waiting:
            return f"{wait.reason}: {wait.message or ''}"
    told = [one for one in pod.status.conditions or [] if one.type == "PodScheduled" and one.status != "True"]
    return f"{told[0].reason}: {told[0].message}" if told else "its pod is being started"
