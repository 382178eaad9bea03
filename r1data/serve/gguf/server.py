"""llama.cpp's server on a GGUF file, in a process of its own, on a free port of 127.0.0.1."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from r1data import paths
from r1data.errors import EngineError

SLOTS = 1
"""Requests at once: what one person at a laptop waits for is the speed of one."""


@dataclass(frozen=True)
class Llama:
    """A server that runs."""

    url: str
    """Its address, without `/v1`."""
    pid: int

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON that it answers.

        Raises:
            EngineError: it answers with an error, or not at all.
        """
        import httpx2

        try:
            answer = httpx2.post(self.url + path, json=body, timeout=1800)
            answer.raise_for_status()
            return answer.json()
        except httpx2.HTTPError as error:
            raise EngineError(f"llama.cpp's server at {self.url}{path} failed: {error}.") from error

    def peak_bytes(self) -> int | None:
        """Most memory that it held so far, weights and context included; None where nobody says."""
        status = Path(f"/proc/{self.pid}/status")
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.is_file() else None
        return int(found[1]) * 1024 if found else None


@contextmanager
def serving(file: Path, context_tokens: int, *, slots: int = SLOTS) -> Iterator[Llama]:
    """Serve a file as long as the block runs.

    Args:
        file: GGUF.
        context_tokens: prompt and completion together, at most.
        slots: requests that it works on at once.

    Raises:
        EngineError: it does not start; says why.
    """
    environment = os.environ | {
        "PYTHONPATH": f"{paths.PROJECT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    }
    command = [
        sys.executable,
        "-m",
        "r1data.serve.gguf.server_child",
        str(file),
        str(context_tokens),
        str(slots),
    ]
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, env=environment
        ) as child,
    ):
        try:
            assert child.stdout is not None
            url = child.stdout.readline().strip()
            if not url:
                said.seek(0)
                raise EngineError(f"llama.cpp does not serve {file}: {_why(said.read())}.")
            yield Llama(url, child.pid)
        finally:
            child.kill()


def _why(said: str) -> str:
    """What the library says of its end: its first error."""
    errors = [line.partition(" E ")[2].strip() for line in said.splitlines() if " E " in line]
    return errors[0].rstrip(".") if errors else "it says nothing"
