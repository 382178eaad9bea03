"""The parent's handle of a process that a supervisor watches (`supervisor.py` says what it promises)."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from r1data import paths

GRACE_S = 5.0
"""Seconds between SIGTERM and SIGKILL."""
KILL_S = 3.0
"""Seconds that the supervisor waits for what it killed."""


class Supervised:
    """The parent's handle of a supervised process."""

    def __init__(
        self, argv: Sequence[str], *, pass_fds: Sequence[int], log: Path, environment: Mapping[str, str]
    ) -> None:
        """Start.

        Args:
            argv: the child's command line.
            pass_fds: file descriptors that the child inherits under the same numbers.
            log: file that takes stdout and stderr of all of them.
            environment: of all of them; the package is made importable, and threads of OpenMP sleep while
                they wait unless it says otherwise: where they spun beside other work, tokens took six times
                as long.
        """
        lifeline, self._lifeline = os.pipe()
        command = [sys.executable, "-m", "r1data.generate.supervisor", str(lifeline)]
        command += [",".join(map(str, pass_fds)), *argv]
        path = [str(paths.PROJECT), *filter(None, [environment.get("PYTHONPATH")])]
        log.parent.mkdir(parents=True, exist_ok=True)
        try:
            with log.open("ab") as sink:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=sink,
                    stderr=subprocess.STDOUT,
                    pass_fds=(lifeline, *pass_fds),
                    env={"OMP_WAIT_POLICY": "PASSIVE", **environment, "PYTHONPATH": os.pathsep.join(path)},
                    start_new_session=True,
                )
        except BaseException:
            os.close(self._lifeline)
            raise
        finally:
            os.close(lifeline)
        self.pid = self._process.pid

    def wait(self, timeout_s: float) -> int | None:
        """The child's status once everything has ended; None when it has not within `timeout_s`."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def stop(self) -> int | None:
        """End everything; returns the child's status."""
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        return self.wait(GRACE_S + KILL_S + 2)
