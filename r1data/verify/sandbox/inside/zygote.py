"""The zygote: a warm interpreter that forks a process per program. Single-threaded, and holds no foreign
data.

It enters its namespaces once and is the first process in them, so that the kernel ends everything in them
when it ends: when the parent closes its socket, or dies in any other way.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import struct
import sys

from . import frames, kernel, landlock, namespaces, program, seccomp

_WARM = """
abc array ast atexit base64 binascii bisect builtins calendar cmath codecs collections collections.abc
contextlib copy dataclasses datetime decimal enum fractions functools gc hashlib heapq inspect io itertools
json keyword math numbers operator os os.path pprint queue random re site statistics string struct sys
textwrap threading time traceback types typing unicodedata uuid warnings weakref zlib
"""
WARM = tuple(_WARM.split())
"""Modules that most programs import; they are there at once."""


def main() -> None:
    """Serve programs until the parent is gone; the first message says what holds, or what failed."""
    config = json.loads(sys.argv[1])
    stream = socket.socket(fileno=config["stream"])
    try:
        _warm_up(config["paths"])
        jail, protections = _enter(config, stream)
    except Exception as error:
        told = {"error": f"{type(error).__name__}: {error}"}
        stream.sendall(frames.pack(json.dumps(told).encode()))
        return
    stream.sendall(frames.pack(json.dumps({"protections": protections, "pid": os.getpid()}).encode()))
    gc.collect()
    gc.freeze()
    _serve(stream, config["parent"], jail)
    if jail.kind == "none":  # here, since a parent that was killed removes nothing
        shutil.rmtree(jail.work, ignore_errors=True)


def _warm_up(paths: list[str]) -> None:
    for name in WARM:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    import site

    site.setquit()  # `exit()` is used by many programs
    sys.path = [path for path in sys.path if os.path.isdir(path) and path not in sys.argv[2:]] + paths
    sys.path_importer_cache.clear()


def _enter(config: dict, stream: socket.socket) -> tuple[program.Jail, list[str]]:
    """Build the jail; in namespaces, only the first process of the new ones returns."""
    kind = config["jail"]
    own_bytes = _address_space()
    proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    held = ["rlimits"]
    jail = program.Jail(kind, config["work"], proc, None, None, own_bytes, None)
    if kind == "none":
        return jail, held
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    jail.filter = seccomp.build()
    held += ["no_new_privs", "seccomp", "namespaces"]
    if kind == "namespaces":
        namespaces.enter(config["folders"], proc)
        _be_first(stream)
        jail.work, jail.n_own = namespaces.WORK, 4  # the one that waits, the zygote, a program's and a test's
    else:
        _enter_bubblewrap(jail, proc)
    read = namespaces.visible(config["folders"])
    jail.rules = landlock.ruleset(read, [namespaces.BOX, os.devnull])
    return jail, [*held, *(["landlock"] if jail.rules is not None else [])]


def _enter_bubblewrap(jail: program.Jail, proc: int) -> None:
    """What bwrap leaves to do: root becomes nobody, and threads count in a user namespace of our own."""
    if was_root := os.geteuid() == 0:
        namespaces.become_nobody()
    user, group = os.geteuid(), os.getegid()
    try:
        kernel.unshare(kernel.NEW_USER)
    except OSError:
        jail.n_own = None if was_root else 4  # bwrap's first process, the zygote, a program's and a test's
        return
    namespaces.map_to_nobody(proc, user, group)
    jail.n_own = 3


def _be_first(stream: socket.socket) -> None:
    """Fork the first process of the new namespaces; this one only waits for it."""
    pid = os.fork()
    if pid:
        stream.close()
        os.waitpid(pid, 0)
        os._exit(0)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)


def _address_space() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _serve(stream: socket.socket, parent: int, jail: program.Jail) -> None:
    """Fork per program until the parent's descriptor says it is dead, or its socket that it left."""
    poll = select.poll()
    poll.register(stream, select.POLLIN | select.POLLRDHUP)
    poll.register(parent, select.POLLIN)
    while True:
        events = dict(poll.poll())
        if parent in events or events.get(stream.fileno(), 0) & ~select.POLLIN:
            return
        control, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            try:
                control.close()
                program.serve(stream, theirs, jail)
                os._exit(0)
            finally:
                os._exit(97)
        theirs.close()
        if not _attend(pid, control, stream, parent, jail):
            return
        control.close()


def _attend(pid: int, control: socket.socket, stream: socket.socket, parent: int, jail: program.Jail) -> bool:
    """Help a program process until its end; False when there is nobody left to serve."""
    process, state = os.pidfd_open(pid), program.READY
    poll = select.poll()
    for descriptor in (control, process, parent):
        poll.register(descriptor, select.POLLIN)
    poll.register(stream, select.POLLRDHUP)
    try:
        while True:
            events = dict(poll.poll())
            if parent in events or stream.fileno() in events:
                os.kill(pid, signal.SIGKILL)
                return False
            if control.fileno() in events:
                if not (word := control.recv(1)):
                    poll.unregister(control)
                elif word == program.MOUNT:
                    _mount(control, jail)
                else:
                    state = word
            elif process in events:
                _, status, usage = os.wait4(pid, 0)
                return _ended(status, usage.ru_utime + usage.ru_stime, state, stream)
    finally:
        os.close(process)


def _mount(control: socket.socket, jail: program.Jail) -> None:
    size = struct.unpack("<qq", control.recv(16))
    if jail.size != (0, 0):
        kernel.unmount(jail.work)
    namespaces.mount_work(*size)
    jail.size, jail.born_ns = size, os.stat(jail.work).st_ctime_ns
    control.sendall(program.MOUNT)


def _ended(status: int, cpu_s: float, state: bytes, stream: socket.socket) -> bool:
    """Whether the zygote can go on after a program process; a crash of the compiler is answered here."""
    if status == 0:
        return True
    if state != program.COMPILING:
        return False  # half a message may be on its way: the parent starts afresh
    told = program.compile_crash(status, cpu_s)
    stream.sendall(frames.pack(json.dumps(told).encode(), b"", b""))
    return True
