"""What is left of programs and sandboxes: nothing."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from r1data.errors import SandboxError
from r1data.paths import PROJECT
from r1data.verify.sandbox import Limits, Sandbox, Test

QUICK = Limits(cpu_s=0.5, wall_s=3.0, memory_bytes=256 << 20)
DIRTY = "import threading, time\nopen('left', 'w').write('x' * 9999)\n"
DIRTY += "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\ndef f(x): return x"
HANGING = "import time\ntime.sleep(60)"


def descendants(others=()):
    """Processes below this one, apart from those of other tests."""
    return [child for child in psutil.Process().children(recursive=True) if child not in others]


def used(others):
    """Processes, descriptors and mounts of a sandbox and of this process; the sandbox's memory in MB."""
    for _ in range(200):  # the last program may still be ending
        children = descendants(others)
        if len(children) == 2:
            break
        time.sleep(0.05)
    everyone = [psutil.Process(), *children]
    mounts = sum(len(Path(f"/proc/{each.pid}/mounts").read_text().splitlines()) for each in everyone)
    descriptors = sum(each.num_fds() for each in everyone)
    return (len(children), descriptors, mounts), sum(each.memory_info().rss for each in children) >> 20


def test_three_hundred_programs_leave_no_process_descriptor_mount_or_memory():
    others = descendants()
    with Sandbox(QUICK, "zygote") as sandbox:

        def ran(n):
            source = DIRTY if n % 10 == 0 else "def f(x): return x"
            return [outcome.value for outcome in sandbox.run(source, [Test(expression=f"f({n})")])]

        for n in range(10):
            ran(n)
        before, memory_mb = used(others)
        for n in range(300):
            assert ran(n) == [n]
        after, memory_after_mb = used(others)
    assert after == before
    assert memory_after_mb - memory_mb < 30


@pytest.mark.parametrize("source", ["", HANGING], ids=["idle", "at work"])
def test_a_parent_that_is_killed_leaves_no_process(source):
    code = (
        "import psutil, threading\n"
        "from r1data.verify.sandbox import *\n"
        "with Sandbox(Limits(cpu_s=30)) as sandbox:\n"
        f"    outcomes = sandbox.run({source!r}, [Test()])\n"
        "    thread = threading.Thread(target=next, args=(outcomes,))\n"
        "    thread.start()\n"
        "    while len(psutil.Process().children(recursive=True)) < (4 if "
        + repr(bool(source))
        + " else 2): pass\n"
        "    print(*[child.pid for child in psutil.Process().children(recursive=True)], flush=True)\n"
        "    import time; time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    with parent:
        children = []
        for pid in parent.stdout.readline().split():
            try:
                children.append(psutil.Process(int(pid)))
            except psutil.NoSuchProcess:  # a test that has ended since
                continue
        assert len(children) >= 2
        os.kill(parent.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive


def test_a_work_folder_without_protection_goes_with_its_process(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    code = (
        "from r1data.verify.sandbox import *\n"
        "import os\n"
        "sandbox = Sandbox(backend='unsafe')\n"
        'print(*[out.status for out in sandbox.run(\'open("x", "w")\', [Test()])], flush=True)\n'
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "finished\n", done.stderr
    for _ in range(200):
        if not list(tmp_path.iterdir()):
            break
        time.sleep(0.05)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("backend", ["zygote", "unsafe"])
def test_a_sandbox_whose_process_died_starts_afresh(backend):
    others = descendants()
    with Sandbox(QUICK, backend) as sandbox:
        for child in descendants(others):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        with contextlib.suppress(SandboxError):  # unless its end is known already
            list(sandbox.run("x = 7", [Test(expression="x")]))
        assert [out.value for out in sandbox.run("x = 7", [Test(expression="x")])] == [7]


def test_several_threads_may_each_have_a_sandbox():
    def ran(n):
        with Sandbox(QUICK) as sandbox:
            return [
                outcome.value
                for k in range(5)
                for outcome in sandbox.run(
                    "def f(x): return x * x", [Test(expression=f"f({n * 10 + k})")] * 2
                )
            ]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ran, range(4)))
    assert found == [[(n * 10 + k) ** 2 for k in range(5) for _ in range(2)] for n in range(4)]


def test_a_program_that_is_left_early_does_not_hold_up_the_next():
    with Sandbox(QUICK) as sandbox:
        first = sandbox.run("def f(x): return x", (Test(expression=f"f({n})") for n in range(100)))
        assert next(first).value == 0
        assert [outcome.value for outcome in sandbox.run("x = 7", [Test(expression="x")])] == [7]
        assert next(first, None) is None
