import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from r1data.generate.supervised import Supervised

GRANDCHILD = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)"
CHILD = f"""
import subprocess, sys, time
command = [sys.executable, "-c", {GRANDCHILD!r}]
started = [subprocess.Popen(command, start_new_session=own) for own in (False, True)]
print(*(process.pid for process in started), flush=True)
time.sleep(300)
"""
PARENT = f"""
import os, sys, time
from pathlib import Path
from r1data.generate.supervised import Supervised
command = [sys.executable, "-c", {CHILD!r}]
process = Supervised(command, pass_fds=[], log=Path(sys.argv[1]), environment=os.environ)
print(process.pid, flush=True)
time.sleep(300)
"""


def grandchildren(log):
    """Wait until the child has written the pids of its own children."""
    for _ in range(200):
        if log.exists() and (words := log.read_text().split()):
            return [psutil.Process(int(word)) for word in words]
        time.sleep(0.05)
    pytest.fail(f"the child did not start: {log.read_text()}")


def gone(processes, within_s):
    return not psutil.wait_procs(processes, within_s)[1]


def test_everything_ends_within_ten_seconds_when_the_parent_is_killed_9(tmp_path):
    log = tmp_path / "log"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(log)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    supervisor = psutil.Process(int(parent.stdout.readline()))
    stubborn = grandchildren(log)
    parent.kill()
    parent.communicate()
    # Orphans whose new parent does not collect them stay zombies; they run no more.
    assert gone(stubborn, 10)
    assert gone([supervisor], 2) or supervisor.status() == psutil.STATUS_ZOMBIE


def test_the_childs_processes_end_with_it_and_its_status_comes_back(tmp_path):
    program = CHILD.replace("time.sleep(300)\n", "sys.exit(7)\n")
    process = Supervised(
        [sys.executable, "-c", program], pass_fds=[], log=tmp_path / "log", environment=os.environ
    )
    left = grandchildren(tmp_path / "log")
    assert process.wait(10) == 7
    assert gone(left, 1)
    assert process.stop() == 7


def test_stop_ends_a_child_that_obeys_at_once(tmp_path):
    obedient = [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(300)"]
    process = Supervised(obedient, pass_fds=[], log=tmp_path / "log", environment=os.environ)
    asked = time.monotonic()
    while "1" not in (tmp_path / "log").read_text():
        assert time.monotonic() - asked < 10
        time.sleep(0.05)
    began = time.monotonic()
    assert process.stop() == 128 + signal.SIGTERM
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(("given", "told"), [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")])
def test_threads_sleep_while_they_wait_unless_the_environment_says_otherwise(tmp_path, given, told):
    program = "import os; print(os.environ['OMP_WAIT_POLICY'])"
    process = Supervised(
        [sys.executable, "-c", program], pass_fds=[], log=tmp_path / "log", environment=given
    )
    assert process.wait(60) == 0
    assert (tmp_path / "log").read_text().split() == [told]


def test_the_child_inherits_only_the_descriptors_that_are_named(tmp_path):
    read, write = os.pipe()
    other = os.open(tmp_path, os.O_RDONLY)
    program = f"import os; os.write({write}, b'hello'); os.fstat({other})"
    log = tmp_path / "log"
    process = Supervised([sys.executable, "-c", program], pass_fds=[write], log=log, environment=os.environ)
    os.close(write)
    assert os.read(read, 100) == b"hello"
    assert process.wait(10) == 1 and "Bad file descriptor" in log.read_text()
    assert os.read(read, 100) == b""  # nobody else holds the other end
    process.stop()
    os.close(read)
    os.close(other)
