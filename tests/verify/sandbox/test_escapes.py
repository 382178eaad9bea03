"""Programs that try to get out of the sandbox, one property each, as root and as an ordinary user."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from r1data.paths import PROJECT
from r1data.verify.sandbox import Limits, Sandbox, Test

QUICK = Limits(cpu_s=0.5, wall_s=30.0, memory_bytes=256 << 20)
ASLEEP = replace(QUICK, wall_s=3.0)
SYSCALL = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
REFUSED = "\nraise SystemExit(0) if result >= 0 else OSError(ctypes.get_errno(), 'refused')"
ESCAPES = {
    "reads the users": "open('/etc/passwd').read()",
    "reads a home": "import os; os.listdir('/root')",
    "reads the project": f"import os; os.listdir({str(PROJECT)!r})",
    "reads processes": "import os; os.listdir('/proc/1')",
    "reads the environment of its parent": "import os; open(f'/proc/{os.getppid()}/environ').read()",
    "writes to /tmp": "open('/tmp/escaped', 'w').write('x')",
    "writes to the root": "open('/escaped', 'w').write('x')",
    "writes to /usr": "open('/usr/escaped', 'w').write('x')",
    "follows a symbolic link": "import os; os.symlink('/etc/passwd', 'link'); open('link').read()",
    "makes a hard link": "import os; os.link('/usr/bin/env', 'link')",
    "uses shared memory": "open('/dev/shm/escaped', 'w').write('x')",
    "makes a device": "import os; os.mknod('device', 0o600 | 0o20000, os.makedev(1, 1))",
    "reads memory": "open('/dev/mem', 'rb').read(1)",
    "opens TCP": "import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
    "opens UDP": "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "opens a unix socket": "import socket; socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)",
    "opens netlink": "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "makes a socket pair": "import socket; socket.socketpair()",
    "forks": "import os; os.fork() or os._exit(0)",
    "starts a program": "import os; os.execv('/usr/bin/env', ['env'])",
    "spawns a program": "import subprocess; subprocess.run(['/bin/true'])",
    "leaves its session": "import os; os.setsid()",
    "becomes root": "import os; os.setuid(0)",
    "signals its parent": "import os; os.kill(os.getppid(), 9)",
    "signals everybody": "import os; os.kill(-1, 9)",
    "changes root": "import os; os.chroot('.')",
    "fills the disk": "open('big', 'wb').write(bytes(64 << 20))",
    "fills the disk with small files": "for i in range(9999): open(f'f{i}', 'w').write('x')",
    "makes many folders": "import os\nfor i in range(9999): os.mkdir(f'd{i}')",
    "traces": SYSCALL + "result = libc.ptrace(0, 0, 0, 0)" + REFUSED,
    "reads another process": SYSCALL
    + "import os\nresult = libc.syscall(310, os.getppid(), 0, 0, 0, 0, 0)"
    + REFUSED,
    "makes a user namespace": SYSCALL + "result = libc.unshare(0x10000000)" + REFUSED,
    "sets up io_uring": SYSCALL + "result = libc.syscall(425, 1, ctypes.create_string_buffer(256))" + REFUSED,
    "loads bpf": SYSCALL + "result = libc.syscall(321, 0, 0, 0)" + REFUSED,
    "mounts": SYSCALL + "result = libc.mount(b'x', b'.', b'tmpfs', 0, None)" + REFUSED,
    "makes a file of memory": SYSCALL + "result = libc.syscall(319, b'x', 0)" + REFUSED,
}
ENDED = {
    "hangs busily": ("while True: pass", {"cpu_limit"}),
    "hangs asleep": ("import time; time.sleep(60)", {"wall_limit"}),
    "takes memory": ("x = bytearray(1 << 34)", {"memory_limit"}),
    "floods the output": ("while True: print('x' * 9999)", {"output_limit"}),
    "starts threads without end": (
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(9,)).start()",
        {"exception"},
    ),
    "recurses in C": ("import ctypes; ctypes.string_at(0)", {"killed"}),
    "leaves early": ("import os; os._exit(0)", {"exited"}),
    "does not compile": ("def f(:", {"syntax_error"}),
}


def blocked(backend: str = "zygote") -> list[str]:
    """Escapes that succeeded; nothing of a program outlives it."""
    loose = []
    with Sandbox(QUICK, backend) as sandbox:
        for name, source in ESCAPES.items():
            (outcome,) = sandbox.run(source, [Test()])
            if outcome.detail == "made too many files":  # bubblewrap has them counted
                continue
            if outcome.status != "exception" or "Import" in outcome.detail or "Syntax" in outcome.detail:
                loose.append(f"{name}: {outcome}")
    for name, (source, statuses) in ENDED.items():
        with Sandbox(ASLEEP if "asleep" in name else QUICK, backend) as sandbox:
            (outcome,) = sandbox.run(source, [Test()])
            if outcome.status not in statuses:
                loose.append(f"{name}: {outcome}")
    return loose


def test_no_program_gets_out():
    assert blocked() == []


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_no_program_gets_out_of_bubblewrap():
    assert blocked("bubblewrap") == []


def test_no_program_gets_out_when_an_ordinary_user_runs_it():
    # A user namespace, for root's Python may lie where an ordinary user cannot go, without capabilities.
    code = (
        "import os; from test_escapes import blocked; assert os.geteuid() == 12345\n"
        "assert 'CapEff:\\t0000000000000000' in open('/proc/self/status').read()\n"
        "print(*blocked(), sep='\\n', end='')"
    )
    done = subprocess.run(
        ["unshare", "--user", "--map-user=12345", "--map-group=12345", sys.executable, "-c", code],
        cwd=Path(__file__).parent,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("", 0), done.stderr


def test_without_protection_the_same_programs_succeed():
    with Sandbox(QUICK, "unsafe") as sandbox:
        for name in ("reads the users", "reads processes", "opens UDP", "forks"):
            (outcome,) = sandbox.run(ESCAPES[name], [Test()])
            assert outcome.status in ("finished", "exited"), (name, outcome)


@pytest.mark.parametrize(
    "source",
    [
        "class Any:\n def __eq__(self, other): return True\ndef f(): return Any()",
        "import os\ndef f(): os._exit(0)",
        "def f(): raise SystemExit",
    ],
)
def test_a_cheat_gives_no_value(source):
    with Sandbox(QUICK) as sandbox:
        (outcome,) = sandbox.run(source, [Test(expression="f()")])
    assert outcome.status in ("not_plain", "exited")
    assert outcome.value is None


def test_values_come_back_as_they_are_and_a_test_sees_nothing_of_the_one_before():
    source = (
        "import os\nseen = os.listdir('.')\nopen('left', 'w').close()\ndef f(x): return seen, (x, {1}, 2.5)"
    )
    with Sandbox(QUICK) as sandbox:
        outcomes = list(sandbox.run(source, [Test(expression="f(*arguments)", arguments=[n]) for n in "ab"]))
    assert [outcome.value for outcome in outcomes] == [([], (n, {1}, 2.5)) for n in "ab"]


def test_a_program_reads_its_input_and_may_use_threads():
    source = (
        "import threading\nt = threading.Thread(target=lambda: print(input()[::-1]))\nt.start()\nt.join()"
    )
    with Sandbox(QUICK) as sandbox:
        (outcome,) = sandbox.run(source, [Test(stdin="abc")])
    assert (outcome.status, outcome.stdout) == ("finished", "cba\n")
