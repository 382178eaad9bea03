"""The parent's side of a zygote: starts the process and speaks with it."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from r1data.errors import SandboxError
from r1data.verify.sandbox.inside import frames, namespaces

START = "import sys; sys.path.insert(0, sys.argv[2]); from inside import zygote; zygote.main()"
HERE = str(Path(__file__).resolve().parent)
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "HOME": namespaces.WORK,
    "TMPDIR": namespaces.WORK,
    "PYTHONHASHSEED": "0",  # sets have the same order every time, so verdicts repeat
    "PYTHONDONTWRITEBYTECODE": "1",
    "LD_BIND_NOW": "1",  # symbols are looked up once, in the zygote, and not in every fork
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
"""All that programs see of an environment."""
START_S = 60.0


def python_folders() -> list[str]:
    """Folders that hold Python, its standard library and what is installed for it."""
    paths = sysconfig.get_paths()
    named = [sys.base_prefix, sys.base_exec_prefix, paths["purelib"], paths["platlib"]]
    return list(dict.fromkeys(named))


class Zygote:
    """One warm process; programs go to it one after the other."""

    def __init__(self, jail: str, prefix: list[str], work: str) -> None:
        """Start it.

        Args:
            jail: `namespaces`, `bubblewrap` or `none`.
            prefix: command that the interpreter is started by.
            work: folder that programs may write to, where the jail does not make one.
        """
        self.stream, theirs = socket.socketpair()
        paths = sysconfig.get_paths()
        parent = os.pidfd_open(os.getpid())  # tells of our death, also when a fork of ours holds the socket
        with theirs, contextlib.ExitStack() as stack:
            stack.callback(os.close, parent)
            config = {
                "jail": jail,
                "stream": theirs.fileno(),
                "parent": parent,
                "folders": python_folders(),
                "paths": list(dict.fromkeys([paths["purelib"], paths["platlib"]])),
                "work": work,
            }
            python = os.path.realpath(
                sys.executable
            )  # a link of a virtual environment is not to be seen inside
            words = [python, "-s", "-P", "-S", "-X", "utf8", "-c", START, json.dumps(config), HERE]
            self.process = subprocess.Popen(
                [*prefix, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno(), parent],
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        try:
            self.stream.settimeout(START_S)
            hello = json.loads(frames.receive(self.stream))
        except (EOFError, OSError) as error:
            self.close()
            raise SandboxError(f"the sandbox's process ended at its start ({error})") from error
        if "error" in hello:
            self.close()
            raise SandboxError(f"the sandbox cannot start: {hello['error']}")
        self.protections = frozenset(hello["protections"])

    def send(self, *messages: bytes) -> None:
        """Send messages; a process that is gone is a SandboxError."""
        try:
            self.stream.sendall(frames.pack(*messages))
        except OSError as error:
            raise SandboxError(f"the sandbox's process is gone ({error})") from error

    def receive(self, timeout_s: float) -> tuple[dict[str, Any], bytes, bytes]:
        """An outcome as it comes; a process that is gone or silent for `timeout_s` is a SandboxError."""
        self.stream.settimeout(timeout_s)
        try:
            told, stdout, report = (frames.receive(self.stream) for _ in range(3))
        except (EOFError, OSError) as error:
            raise SandboxError(f"the sandbox's process ended or fell silent ({error})") from error
        return json.loads(told), stdout, report

    def is_alive(self) -> bool:
        """Whether programs can be sent to it."""
        return self.stream.fileno() >= 0 and self.process.poll() is None

    def close(self) -> None:
        """End it and everything in it."""
        self.stream.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
