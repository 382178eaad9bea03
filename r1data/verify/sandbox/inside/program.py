"""The program process: compiles one program and has every test run in a process of its own.

No foreign code runs in it, but hostile sources reach its compiler, so it has no capabilities and a limit
while it compiles. Sources and tests go straight from the parent to here: the zygote never holds them, so
nothing of one program is in the memory of the next.
"""

import contextlib
import fcntl
import itertools
import json
import math
import os
import secrets
import signal
import socket
import sys
import types
from dataclasses import dataclass
from typing import Any

from . import driver, frames, kernel, landlock, limits, namespaces, seccomp, watch

COMPILING, READY, MOUNT = b"C", b"R", b"M"
"""What the zygote is told: state of this process, and that the work folder must be mounted afresh."""


@dataclass
class Jail:
    """What the zygote prepared for all programs."""

    kind: str
    """`namespaces`, `bubblewrap` or `none`."""
    work: str
    """The folder that programs may write to."""
    proc: int | None
    """Descriptor of /proc; None where there is none."""
    filter: bytes | None
    """System-call filter; None for kind `none`."""
    rules: int | None
    """Descriptor of Landlock's rules; None where there are none."""
    own_bytes: int
    """Address space of the zygote."""
    n_own: int | None
    """Processes of ours that count against the limit of threads; None: others' count too, so none is set."""
    size: tuple[int, int] = (0, 0)
    """Bytes and files that the mounted work folder holds."""
    born_ns: int = 0
    """Change time of the work folder when it was mounted."""


def serve(stream: socket.socket, control: socket.socket, jail: Jail) -> None:
    """Take one program and its tests from the parent, and give an outcome per test."""
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if jail.kind != "none":
        kernel.drop_capabilities()
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)  # so that no test of the same user may look into this process
    try:
        asked = json.loads(frames.receive(stream))
        test = _Test.receive(stream)
    except EOFError:
        return
    if test is None:
        return
    control.sendall(COMPILING)
    code, failure = _compile(asked["source"], asked["limits"], jail)
    control.sendall(READY)
    while test:
        if code is None:
            outcome, stdout, report = failure, b"", b""
        else:
            _prepare_work(control, jail, asked["limits"])
            outcome, stdout, report = _run(code, test, asked["limits"], jail)
        stream.sendall(frames.pack(json.dumps(outcome).encode(), stdout, report))
        try:
            test = _Test.receive(stream)
        except EOFError:
            return


@dataclass
class _Test:
    """A test as it came: `asked` stays bytes, it is for the driver alone."""

    name: str
    stdin: bytes
    asked: bytes

    @classmethod
    def receive(cls, stream: socket.socket) -> "_Test | None":
        """The next test; None when there is none."""
        name = frames.receive(stream)
        return cls(name.decode(), frames.receive(stream), frames.receive(stream)) if name else None


def _compile(source: str, allowed: dict, jail: Jail) -> tuple[types.CodeType | None, dict[str, Any]]:
    limits.apply_to_compiler(allowed, jail.own_bytes)
    try:
        return compile(source, "<program>", "exec", dont_inherit=True), {}
    except MemoryError as error:
        return None, {"status": "memory_limit", "detail": f"compiling: {error!r}"}
    except Exception as error:  # SyntaxError, but also ValueError, OverflowError, RecursionError …
        return None, {"status": "syntax_error", "detail": f"{type(error).__name__}: {error}"[:300]}
    finally:
        limits.lift()


def _prepare_work(control: socket.socket, jail: Jail, allowed: dict) -> None:
    """Give the next test an empty work folder."""
    if jail.kind != "namespaces":
        _empty(jail.work)
        return
    size = (allowed["files_bytes"], allowed["n_files"])
    if size == jail.size and namespaces.is_pristine(jail.work, jail.born_ns):
        return
    control.sendall(MOUNT + namespaces.pack_limits(*size))
    if control.recv(1) != MOUNT:
        raise EOFError("the zygote is gone")
    jail.size, jail.born_ns = size, os.stat(jail.work).st_ctime_ns


def _empty(top: str) -> None:
    """Remove everything in a folder, whatever its permissions; folders come up, so none is too deep."""
    with contextlib.suppress(PermissionError):  # root's, whose permissions no program could change
        os.chmod(top, 0o700)
    numbers = itertools.count()
    while entries := list(os.scandir(top)):
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
                continue
            os.chmod(entry.path, 0o700)
            for inner in list(os.scandir(entry.path)):
                if inner.is_dir(follow_symlinks=False):
                    os.chmod(inner.path, 0o700)
                    os.rename(inner.path, os.path.join(top, f".up-{secrets.token_hex(8)}-{next(numbers)}"))
                else:
                    os.unlink(inner.path)
            os.rmdir(entry.path)


def _run(code: types.CodeType, test: _Test, allowed: dict, jail: Jail) -> tuple[dict, bytes, bytes]:
    nonce = secrets.token_hex(driver.NONCE_BYTES // 2).encode()
    files = [_memory_file(test.stdin), _memory_file(nonce + test.asked)]
    stdout, result = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            _place(files[0], stdout[1], result[1], files[1], jail)
            _lock_in(allowed, jail)
        except BaseException as error:  # ours: nothing foreign has run yet
            os.write(driver.RESULT, f"a test was not locked in: {error!r}".encode())
            os._exit(1)
        try:
            driver.drive(code, test.name)
        finally:
            os._exit(1)
    for descriptor in (*files, stdout[1], result[1]):
        os.close(descriptor)
    counted = (
        jail.work if jail.kind == "bubblewrap" else None
    )  # elsewhere the file system counts, or nothing does
    return watch.outcome(watch.Follower(pid, stdout[0], result[0], allowed, counted), nonce, jail.proc)


def _memory_file(data: bytes) -> int:
    """A sealed file in memory: of a known size, readable again, and no place to write."""
    descriptor = os.memfd_create("", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    return descriptor


def _place(stdin: int, stdout: int, result: int, asked: int, jail: Jail) -> None:
    """Put the descriptors where the driver expects them, and close every other one but Landlock's rules."""
    moved = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 100) for each in (stdin, stdout, result, asked)]
    rules = None if jail.rules is None else fcntl.fcntl(jail.rules, fcntl.F_DUPFD_CLOEXEC, 100)
    for source, target in zip(moved, (0, 1, driver.RESULT, driver.ASKED), strict=True):
        os.dup2(source, target)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    jail.proc = None
    if rules is not None:
        jail.rules = os.dup2(rules, driver.ASKED + 1)
    os.closerange(driver.ASKED + (1 if rules is None else 2), 1 << 20)


def _lock_in(allowed: dict, jail: Jail) -> None:
    """Take away from this process what a test must not have; the filter of system calls comes last."""
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
    os.chdir(jail.work)
    os.umask(0o077)
    if jail.rules is not None:
        landlock.restrict(jail.rules)
        os.close(jail.rules)
    driver.open_streams()
    sys.argv = ["program.py"]
    pid = os.getpid()
    n_processes = None if jail.n_own is None else jail.n_own + allowed["n_threads"]
    limits.apply(allowed, jail.own_bytes, n_processes)
    if jail.filter is not None:
        seccomp.install(jail.filter, pid)


def compile_crash(status: int, cpu_s: float) -> dict[str, Any]:
    """Outcome of a program whose compilation ended this process; `status` as waitpid gives it."""
    ended = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else "exit"
    word = "cpu_limit" if ended == "SIGXCPU" else "syntax_error"
    cpu_s = cpu_s if math.isfinite(cpu_s) else 0.0
    return {"status": word, "detail": f"the compiler ended by {ended}", "cpu_s": cpu_s}
