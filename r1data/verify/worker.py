"""The process behind `r1data.verify.workers`: python -m r1data.verify.worker <socket> <CPU seconds>
<back-end of the sandbox>.
"""

import importlib
import json
import os
import resource
import select
import signal
import sys
import threading
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path

from r1data.verify import VERIFIERS, code, work

MEMORY_BYTES = 8 << 30
"""Address space of a worker; a verifier that wants more fails with `unknown(crash)`."""
RETIRE_BYTES = 1 << 30
"""A worker that holds more resident memory than this after a verdict makes way for a new one."""


def main() -> None:
    """Work until the pipe closes; the kernel ends this process when a task uses up its CPU time."""
    pipe, timeout_s = Connection(int(sys.argv[1])), float(sys.argv[2])
    code.use_backend(sys.argv[3])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MEMORY_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_with_parent, args=(pipe.fileno(),), daemon=True).start()
    retire = False
    while not retire:
        try:
            name, args = json.loads(pipe.recv_bytes())
        except (EOFError, ConnectionResetError):
            return
        if library := VERIFIERS[name].library:
            importlib.import_module(library)
        signal.setitimer(signal.ITIMER_PROF, timeout_s)
        verdict = work(name, args)
        signal.setitimer(signal.ITIMER_PROF, 0)
        retire = _resident_bytes() > RETIRE_BYTES
        try:
            pipe.send_bytes(json.dumps([asdict(verdict), retire]).encode())
        except (BrokenPipeError, ConnectionResetError):
            return


def _end_with_parent(pipe: int) -> None:
    """End this process once nobody holds the other end, also while a program of its sandbox runs, which then
    ends too.
    """
    poll = select.poll()
    poll.register(pipe, select.POLLRDHUP)
    poll.poll()
    os._exit(1)


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
