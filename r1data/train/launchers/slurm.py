"""A training job in Slurm's queue (https://slurm.schedmd.com), by the commands that every cluster has.

    #SBATCH --job-name=r1data-3f9a0c51be42
    #SBATCH --requeue
    #SBATCH '--output=/shared/dagster_home/students/qwen-3f9a0c51be42/train.log'
    exec /shared/r1data/.venv/bin/python -m r1data.train.sft /shared/…/job.json

What this asks for: the job's folder, the models and the interpreter lie at the same paths on the nodes as
here. Secrets reach the job with Slurm's copy of the environment and are in no file of ours.
"""

import math
import os
import shlex
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from r1data.errors import ConfigError, TrainError
from r1data.recipe.training import Launch
from r1data.train.job import JOB, LOG, Job
from r1data.train.launchers.command import command, name_of, public
from r1data.train.launchers.launcher import Status

SCRIPT = "job.sbatch"
COMMANDS = ("sbatch", "squeue", "scancel")
ANSWER_S = 60.0
RUNNING = {"RUNNING", "COMPLETING", "RESIZING", "SIGNALING", "STAGE_OUT"}
ENDED = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "OUT_OF_MEMORY", "DEADLINE"}
"""States of squeue(1). In any other, such as PENDING, PREEMPTED or NODE_FAIL, a job that may be put back into
the queue waits.
"""
FORGOTTEN = "Invalid job id"
OVER = (FORGOTTEN, "already completing or completed")
MEET = ("--rdzv-backend=c10d", '--rdzv-endpoint="$head:$port"', '--rdzv-id="$SLURM_JOB_ID"')
"""Options of torchrun that the shell fills in."""
FIND_HEAD = (
    'head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)',
    "port=$((20000 + SLURM_JOB_ID % 20000))  # another one for every job that shares a node",
)


class Slurm:
    """Jobs of Slurm; see `launcher.Launcher` for the methods. A handle is the job's number and its folder."""

    outlives = True
    poll_s = 15.0

    def __init__(self, launch: Launch) -> None:
        missing = [name for name in COMMANDS if not shutil.which(name)]
        if missing:
            raise ConfigError(
                f"Launcher slurm needs {', '.join(missing)}, which this machine lacks. Submit from a login "
                'node of the cluster, install slurm-client, or set launcher = "local".'
            )
        self.launch = launch

    def submit(self, job: Path, *, environment: Mapping[str, str]) -> str:
        script = job.with_name(SCRIPT)
        script.write_text(self.script(job, environment), encoding="utf-8")
        told = _ask("sbatch", "--parsable", "--export=ALL", str(script), environment=environment)
        if told.returncode:
            raise TrainError(f"Slurm did not take {script}: {_words(told)}")
        number = told.stdout.split()[-1].partition(";")[0]
        return f"{number}:{job.parent}"

    def find(self, job: Path) -> str | None:
        if not job.exists():
            return None
        told = _ask("squeue", "--me", f"--name={name_of(job)}", "--noheader", "--format=%i|%T|%Z")
        if told.returncode:
            raise TrainError(f"Slurm does not say which jobs run, so none was submitted: {_words(told)}")
        for line in told.stdout.splitlines():
            number, state, folder = line.strip().split("|", 2)
            if folder == str(job.parent) and state not in {*ENDED, "COMPLETING"}:
                return f"{number}:{folder}"
        return None

    def poll(self, handle: str) -> Status:
        number, _, folder = handle.partition(":")
        told = _ask("squeue", f"--jobs={number}", "--states=all", "--noheader", "--format=%T|%r")
        if told.returncode and FORGOTTEN not in told.stderr:
            return Status("waiting", f"squeue does not answer: {_words(told)}")
        state, _, reason = told.stdout.strip().partition("|")
        if state in RUNNING:
            return Status("running", state)
        if state and state not in ENDED:
            return Status("waiting", f"{state}, {reason}")
        return _ended(number, state, Path(folder))

    def cancel(self, handle: str) -> None:
        told = _ask("scancel", handle.partition(":")[0])
        if told.returncode and not any(word in told.stderr for word in OVER):
            raise TrainError(f"Slurm did not cancel job {handle}: {_words(told)}")

    def logs(self, handle: str, lines: int = 50) -> str:
        log = Path(handle.partition(":")[2]) / LOG
        if not log.exists():
            return ""
        with log.open(encoding="utf-8", errors="replace") as file:
            return "".join(deque(file, lines))

    def script(self, job: Path, environment: Mapping[str, str]) -> str:
        """What sbatch is given.

        Args:
            job: `job.json` of the job's folder.
            environment: variables of the job; secrets among them are left out.
        """
        slurm, launch = self.launch.slurm, self.launch
        options = [f"#SBATCH {shlex.quote(option)}" for option in self._options(job)]
        options += [f"#SBATCH {option}" for option in slurm.extra]
        exports = [f"export {name}={shlex.quote(value)}" for name, value in public(environment).items()]
        words = command(job, launch, python=sys.executable, meet=MEET)
        line = "exec " + " ".join(word if word in MEET else shlex.quote(word) for word in words)
        if launch.machines > 1:
            over_all = f"exec srun --kill-on-bad-exit=1 --cpus-per-task={slurm.cpus_per_task}"
            line = "\n".join([*FIND_HEAD, line.replace("exec", over_all, 1)])
        return "\n".join(["#!/bin/bash", *options, "set -eo pipefail", *exports, *slurm.setup, line]) + "\n"

    def _options(self, job: Path) -> list[str]:
        slurm, launch = self.launch.slurm, self.launch
        log = str(job.parent / LOG).replace("%", "%%")  # a percent sign is a pattern of sbatch's
        options = [f"--job-name={name_of(job)}", "--requeue", "--open-mode=append", f"--output={log}"]
        options += ["--dependency=singleton"]  # a cancelled job of this name may still be ending
        options += [f"--chdir={job.parent}", f"--nodes={launch.machines}", "--ntasks-per-node=1"]
        options += [f"--cpus-per-task={slurm.cpus_per_task}"]
        given = {
            "gpus-per-node": None if slurm.gpus == "0" else slurm.gpus or str(launch.processes),
            "mem": slurm.memory,
            "partition": slurm.partition,
            "account": slurm.account,
            "time": str(math.ceil(launch.max_hours * 60)) if launch.max_hours else None,
        }
        return options + [f"--{name}={text}" for name, text in given.items() if text is not None]


def _ended(number: str, state: str, folder: Path) -> Status:
    """How a job ended: by squeue's `state`, or, where it has forgotten the job, by the accounting's."""
    told = _ask("sacct", f"--jobs={number}", "--noheader", "--parsable2", "--format=JobID,State,ExitCode")
    rows = [line.split("|") for line in told.stdout.splitlines()]
    booked = next((row for row in rows if row[0] == number), ["", "", ""])
    state = state or booked[1].partition(" ")[0]  # `CANCELLED by 1000`
    if not state and Job.read(folder / JOB).has_ended():
        state = "COMPLETED"
    if state == "COMPLETED":
        return Status("done")
    memory = "OUT_OF_MEMORY" in {state, *(row[1] for row in rows)}
    if not state:
        return Status("failed", f"neither squeue nor sacct knows Slurm job {number} any more")
    code = f", exit code {booked[2]}" if booked[2] else ""
    return Status("failed", f"Slurm job {number} ended as {state}{code}", memory=memory)


def _ask(*words: str, environment: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """What a command of Slurm says; one that hangs or is missing says so with a status of its own."""
    whole = {**os.environ, **(environment or {})}
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=ANSWER_S, env=whole)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(words, 124, "", f"{words[0]} took more than {ANSWER_S:g} s")
    except FileNotFoundError:
        return subprocess.CompletedProcess(words, 127, "", f"{words[0]} is not installed")


def _words(told: "subprocess.CompletedProcess[str]") -> str:
    return " ".join(told.stderr.split()) or f"exit status {told.returncode}"
