"""Slurm's commands over a folder of files: `fake_slurm.py FOLDER COMMAND OPTIONS…`.

They refuse options that Slurm does not have. `start` and `end`, which tests call in place of a scheduler,
really run the script, and end it. What they print has the form of Slurm 22.05's.
"""

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

SBATCH = [
    "job-name",
    "output",
    "open-mode",
    "dependency",
    "chdir",
    "nodes",
    "ntasks-per-node",
    "cpus-per-task",
    "gpus-per-node",
    "mem",
    "time",
    "partition",
    "account",
    "constraint",
]


def main(command: str, words: list[str]) -> None:
    if Path("down").exists():
        sys.exit(f"{command}: error: Unable to contact slurm controller (connect failure)")
    {
        "sbatch": sbatch,
        "squeue": squeue,
        "sacct": sacct,
        "scancel": scancel,
        "start": lambda words: start(*words),
        "end": lambda words: end(*words),
    }[command](words)


def sbatch(words: list[str]) -> None:
    command = parser("parsable", export=("ALL",), script=None).parse_args(words)
    lines = Path(command.script).read_text().splitlines()
    given = [
        word for line in lines for word in shlex.split(line.removeprefix("#SBATCH")) if line[:7] == "#SBATCH"
    ]
    options = parser("requeue", **dict.fromkeys(SBATCH)).parse_args(given)
    if options.partition == "closed":
        sys.exit("sbatch: error: Batch job submission failed: Invalid partition name specified")
    number = str(len(list(Path().glob("*.job"))) + 1)
    job = {
        "name": options.job_name,
        "folder": options.chdir,
        "log": options.output.replace("%%", "%"),
        "script": command.script,
        "options": vars(options),
        "state": "PENDING",
        "environment": dict(os.environ),
    }
    write(number, job)
    print(number)


def squeue(words: list[str]) -> None:
    options = parser("me noheader", jobs="", name="", states="", format=("%T|%r", "%i|%T|%Z")).parse_args(
        words
    )
    jobs = {
        path.stem: read(path.stem) for path in Path().glob("*.job") if not path.with_suffix(".old").exists()
    }
    if options.jobs and options.jobs not in jobs:
        sys.exit("slurm_load_jobs error: Invalid job id specified")
    for number, job in jobs.items():
        wanted = options.jobs in ("", number) and options.name in ("", job["name"])
        if wanted and (options.states == "all" or job["state"] in ("PENDING", "RUNNING", "COMPLETING")):
            line = options.format.replace("%i", number).replace("%T", job["state"])
            print(line.replace("%Z", job["folder"]).replace("%r", "Resources"))


def sacct(words: list[str]) -> None:  # what a test says that it has booked
    options = parser("noheader parsable2", jobs=None, format=("JobID,State,ExitCode",)).parse_args(words)
    if Path("sacct.txt").exists():
        print(Path("sacct.txt").read_text().replace("ID", options.jobs), end="")


def scancel(words: list[str]) -> None:
    (number,) = words
    if not Path(f"{number}.job").exists():
        sys.exit(f"scancel: error: Kill job error on job id {number}: Invalid job id specified")
    if read(number)["state"] in ("PENDING", "RUNNING"):
        end(number, "CANCELLED")


def start(number: str) -> None:
    job = read(number) | {"state": "RUNNING"}
    with Path(job["log"]).open("ab") as log:
        code = Path(f"{number}.code").resolve()
        script = f"bash {shlex.quote(job['script'])}; echo $? > {shlex.quote(str(code))}"
        process = subprocess.Popen(
            ["bash", "-c", script],
            cwd=job["folder"],
            env=job["environment"] | {"SLURM_JOB_ID": number, "SLURM_JOB_NODELIST": "n[1-2]"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    write(number, job | {"pid": process.pid})


def end(number: str, state: str) -> None:
    """End a job that runs, if it does, and say so."""
    job = read(number)
    if job["state"] == "RUNNING":
        os.killpg(job["pid"], signal.SIGKILL)
    write(number, job | {"state": state})


def write(number: str, job: dict[str, Any]) -> None:
    Path(f"{number}.job").write_text(json.dumps(job))


def read(number: str) -> dict[str, Any]:
    """A job as it stands."""
    job = json.loads(Path(f"{number}.job").read_text())
    code = Path(f"{number}.code")
    if job["state"] == "RUNNING" and code.exists() and code.read_text():
        job["state"] = "COMPLETED" if code.read_text().strip() == "0" else "FAILED"
    return job


def parser(flags: str, **options: Any) -> argparse.ArgumentParser:
    """Flags; options with their default, their choices, or None for any text; `script` has no dashes."""
    made = argparse.ArgumentParser(allow_abbrev=False)
    for flag in flags.split():
        made.add_argument(f"--{flag}", action="store_true")
    for name, what in options.items():
        if name == "script":
            made.add_argument(name)
        elif isinstance(what, tuple):
            made.add_argument(f"--{name}", choices=what)
        else:
            made.add_argument(f"--{name}", default=what)
    return made


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    main(sys.argv[2], sys.argv[3:])
