"""Python processes that this one starts, and what they say at their end."""

import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from r1data import paths

CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")
"""Microseconds of CPU time that a container has in a period of so many, by cgroup v2."""


def run_module(*command: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m MODULE ARGUMENTS…` without network, with r1data importable, to its end."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(paths.PROJECT), *filter(None, [environment.get("PYTHONPATH")])]
    )
    return subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, env=environment)


def last_line(text: str) -> str:
    """The last line of what a process wrote, without its full stop."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "no message"


def kills_for_memory() -> int:
    """Processes that Linux has killed so far because memory ran out: of our cgroup, else of the machine."""
    for file in (Path("/sys/fs/cgroup/memory.events"), Path("/proc/vmstat")):
        with suppress(OSError):
            if found := re.search(r"^oom_kill (\d+)$", file.read_text(encoding="utf-8"), re.MULTILINE):
                return int(found[1])
    return 0


def cores() -> int:
    """CPUs that this process may keep busy: those that it may run on, within its container's limit."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):  # there is no such file beyond containers, or no limit
        quota, period = CPU_LIMIT.read_text(encoding="ascii").split()
        usable = min(usable, -(-int(quota) // int(period)))
    return max(1, usable)
