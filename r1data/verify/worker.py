"""The process behind `r1data.verify.workers`: python -m r1data.verify.worker <socket> <CPU seconds>."""

import importlib
import resource
import signal
import sys
from dataclasses import asdict
from multiprocessing.connection import Connection

import orjson

from r1data.verify import VERIFIERS, verify

MEMORY_BYTES = 8 << 30
"""Address space of a worker; a verifier that wants more fails with `unknown(crash)`."""


def main() -> None:
    """Judge tasks until the pipe closes; the kernel ends this process when a task uses up its CPU time."""
    pipe, timeout_s = Connection(int(sys.argv[1])), float(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MEMORY_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while True:
        try:
            task = orjson.loads(pipe.recv_bytes())
        except (EOFError, ConnectionResetError):
            return
        if library := VERIFIERS[task["verifier"]].library:
            importlib.import_module(library)
        signal.setitimer(signal.ITIMER_PROF, timeout_s)
        verdict = verify(task["verifier"], task["completion"], task["reference"], **task["args"])
        signal.setitimer(signal.ITIMER_PROF, 0)
        try:
            pipe.send_bytes(orjson.dumps(asdict(verdict)))
        except (BrokenPipeError, ConnectionResetError):
            return


if __name__ == "__main__":
    main()
