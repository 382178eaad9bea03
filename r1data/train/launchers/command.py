"""What remote launchers share: a job's name, and the command line that runs it on a machine."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from r1data import paths
from r1data.recipe.training import Launch
from r1data.train.job import Job

SECRET = re.compile(r"KEY|TOKEN(?!IZER)|SECRET|PASS|CREDENTIAL", re.IGNORECASE)
"""Names of variables that may hold a secret: their values go into no file and no manifest."""


def name_of(job: Path) -> str:
    """The name under which a cluster knows a job: by it a job is found again, whoever submitted it."""
    return f"r1data-{Job.read(job).run_key[:12]}"


def command(job: Path, launch: Launch, *, python: str, meet: Sequence[str] = ()) -> list[str]:
    """The words of the command that runs a job on one machine, one process per GPU.

    Args:
        job: `job.json` of its folder.
        launch: how many processes and machines.
        python: interpreter that has r1data, on the machine where the job runs.
        meet: options of torchrun that say where the processes of several machines find one another.
    """
    trainer = ["-m", f"r1data.train.{Job.read(job).trainer}", str(job)]
    if launch.processes * launch.machines == 1:
        return [python, *trainer]
    width = [f"--nnodes={launch.machines}", f"--nproc-per-node={launch.processes}"]
    where = meet if launch.machines > 1 else ["--standalone"]
    return [python, "-m", "torch.distributed.run", *width, *where, *trainer]


def public(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of a job that may be written where others read them, by name: no secrets."""
    needed = {
        "DAGSTER_HOME": str(paths.home()),
        "HF_HUB_OFFLINE": os.environ.get("HF_HUB_OFFLINE", "1"),
        **environment,
    }
    return {name: value for name, value in needed.items() if not SECRET.search(name)}
