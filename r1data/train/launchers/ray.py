"""Jobs on a Ray cluster, by Ray's own job submission (https://docs.ray.io/en/latest/cluster/running-applications).

    submit ── dashboard ──> a machine of the cluster: python -m r1data.train.sft job.json

The cluster sees the job's folder under the same path and has r1data installed. A job outlives the process
that submitted it, and is found again by its name, which starts with its run key.
What this does not do: start a cluster, or spread a job over several machines.
"""

import shlex
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from tenacity import retry, retry_if_exception, stop_after_attempt, wait_fixed

from r1data.errors import ConfigError, TrainError
from r1data.recipe.training import Launch
from r1data.train.job import LOG
from r1data.train.launchers.command import command, name_of, public
from r1data.train.launchers.launcher import Status

_STATES: dict[str, Literal["waiting", "running", "done", "failed"]] = {
    "PENDING": "waiting",
    "RUNNING": "running",
    "SUCCEEDED": "done",
    "FAILED": "failed",
    "STOPPED": "failed",
}
_MEMORY = ("out of memory", "outofmemory", "memoryerror")
_FOLDER = "folder"
"""Key of a job's metadata."""
_ATTEMPTS, _PAUSE_S = 6, 10
"""How often, and how many seconds apart, a cluster that does not answer is asked: heads restart."""


class Ray:
    """Jobs of a Ray cluster."""

    outlives = True
    poll_s = 5.0

    def __init__(self, launch: Launch) -> None:
        """Check the recipe; the cluster is not asked yet.

        Raises:
            ConfigError: the recipe wants several machines.
        """
        if launch.machines > 1:
            raise ConfigError(
                f"[launch] machines is {launch.machines}, but launcher ray runs a job on one machine. Use "
                "launcher slurm, or one machine with more processes."
            )
        self._launch, self._ray = launch, launch.ray

    def submit(self, job: Path, *, environment: Mapping[str, str]) -> str:
        """Give a job to the cluster; returns its submission id, `r1data-<run key>-<n>`.

        Raises:
            ConfigError: Ray is not installed.
            TrainError: the cluster does not answer, or refuses; quotes it.
        """
        # Ray shows a job's environment to everybody who sees its dashboard.
        runtime: dict[str, Any] = {"env_vars": public(environment)}
        if self._ray.pip:
            runtime["pip"] = list(self._ray.pip)
        return self._asked(
            "submit_job",
            submission_id=f"{name_of(job)}-{len(self._jobs(job)) + 1}",  # Ray keeps those that have ended
            metadata={_FOLDER: str(job.parent)},
            entrypoint=self._entrypoint(job),
            runtime_env=runtime,
            entrypoint_num_cpus=self._ray.cpus,
            entrypoint_num_gpus=self._launch.processes if self._ray.gpus is None else self._ray.gpus,
        )

    def find(self, job: Path) -> str | None:
        """The submission id of the job's run that waits or runs; None when there is none.

        Raises:
            ConfigError, TrainError: as `submit`.
        """
        if not job.exists():
            return None
        mine = [told for told in self._jobs(job) if (told.metadata or {}).get(_FOLDER) == str(job.parent)]
        return next((told.submission_id for told in mine if not told.status.is_terminal()), None)

    def poll(self, handle: str) -> Status:
        """How a job stands, in Ray's words.

        Raises:
            TrainError: the cluster does not answer for a minute.
        """
        try:
            told = self._told(handle)
        except TrainError as error:
            if "does not exist" not in str(error):
                raise
            return Status("failed", f"the Ray cluster at {self._ray.address} has no job {handle} any more")
        # Ray's message goes on with what the job wrote, which `logs` gives.
        why = (told.message or "").partition(", last available logs")[0].strip()
        state = _STATES[told.status.value]
        memory = state == "failed" and any(word in (told.message or "").lower() for word in _MEMORY)
        return Status(state, why, memory)

    def cancel(self, handle: str) -> None:
        """Ask a job's processes to end, which are killed when they do not; a job that waits ends when its
        turn comes.

        Raises:
            TrainError: as `poll`.
        """
        self._asked("stop_job", handle)

    def logs(self, handle: str, lines: int = 50) -> str:
        """The last lines of what a job wrote.

        Raises:
            TrainError: as `poll`.
        """
        return "\n".join(self._asked("get_job_logs", handle).splitlines()[-lines:])

    def _entrypoint(self, job: Path) -> str:
        """The job's command, whose words go to the job's own log, too."""
        words = shlex.join(command(job, self._launch, python=self._ray.python))
        told = f"{words} 2>&1 | tee -a {shlex.quote(str(job.parent / LOG))}"
        return shlex.join(["bash", "-o", "pipefail", "-c", told])

    @retry(
        retry=retry_if_exception(lambda error: isinstance(error.__cause__, OSError)),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_fixed(_PAUSE_S),
        reraise=True,
    )
    def _told(self, handle: str) -> Any:
        return self._asked("get_job_info", handle)

    def _jobs(self, job: Path) -> list[Any]:
        """All of a run key, also of other folders."""
        name = f"{name_of(job)}-"
        return [told for told in self._asked("list_jobs") if (told.submission_id or "").startswith(name)]

    @cached_property
    def _client(self) -> Any:
        try:
            from ray.job_submission import JobSubmissionClient
        except ImportError as error:
            raise ConfigError(
                "Launcher ray needs Ray, which is not installed: `pip install 'r1data[ray]'`."
            ) from error
        return JobSubmissionClient(self._ray.address)

    def _asked(self, call: str, *arguments: Any, **named: Any) -> Any:
        """What a method of Ray's client says.

        Raises:
            ConfigError: Ray is not installed.
            TrainError: the cluster does not answer, or refuses.
        """
        try:
            return getattr(self._client, call)(*arguments, **named)
        except ConfigError:
            raise
        except Exception as error:
            # Of a traceback that the dashboard sends, the last line says it.
            said = [line for line in str(error).splitlines() if line.strip(" .")]
            raise TrainError(
                f"The Ray cluster at {self._ray.address} refused ({call}): {said[-1] if said else error!r}. "
                "Look at its dashboard, or change `address` under [launch.ray]."
            ) from error
