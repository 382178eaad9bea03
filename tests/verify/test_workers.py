import json
import os
import signal
import subprocess
import sys
import threading

import psutil
import pytest

from r1data.paths import PROJECT
from r1data.verify.workers import Pool, Task
from tests.waiting import until

ENDLESS = Task("math", r"\boxed{\prod_{n=1}^{1000000} n!}", "3")
LOOPING = Task(
    "code",
    "```python\nwhile True: pass\n```",
    json.dumps({"inputs": ["1"], "outputs": ["1"]}),
    {"timeout_s": 100.0, "total_s": 100.0},
)
ALGEBRA = Task("math", r"\boxed{\gcd(6, 9)}", "3")
QUICK = Task("math", "<think>3 + 4</think>7", "7")


@pytest.fixture
def pool():
    with Pool(2, 0.5) as pool:
        yield pool
        started = [worker.process for worker in pool.workers]
    assert all(process.poll() is not None for process in started)


def test_a_verdict_that_takes_too_long_is_unknown_and_the_others_keep_their_places(pool):
    verdicts = list(pool.map([QUICK, ENDLESS, QUICK, ENDLESS, QUICK]))
    assert [verdict.verdict for verdict in verdicts] == ["right", "unknown", "right", "unknown", "right"]
    assert {verdict.reason for verdict in verdicts} == {"equal", "timeout"}


def test_a_worker_that_dies_is_a_crash_and_is_replaced():
    with Pool(2, 60) as pool:

        def tasks():
            yield ENDLESS
            pool.workers[0].process.kill()
            yield from [ALGEBRA] * 4

        verdicts = list(pool.map(tasks()))
        assert (verdicts[0].verdict, verdicts[0].reason) == ("unknown", "crash")
        assert [verdict.verdict for verdict in verdicts[1:]] == ["right"] * 4


def test_a_worker_that_died_while_idle_costs_no_verdict(pool):
    assert [verdict.verdict for verdict in pool.map([ALGEBRA] * 4)] == ["right"] * 4
    for worker in pool.workers:
        worker.process.kill()
        worker.process.wait()
    assert [verdict.verdict for verdict in pool.map([ALGEBRA] * 4)] == ["right"] * 4


def test_stopping_early_leaves_the_pool_fit_for_the_next_tasks(pool):
    first = pool.map([ALGEBRA, ENDLESS, ENDLESS, ENDLESS])
    assert next(first).verdict == "right"
    first.close()
    assert [verdict.verdict for verdict in pool.map([ALGEBRA] * 3)] == ["right"] * 3


def test_many_verdicts_wait_for_a_slow_one_and_come_in_order(pool):
    tasks = [ENDLESS] + [Task("exact", f"<think>.</think>{i}", str(i)) for i in range(300)]
    verdicts = list(pool.map(tasks))
    assert verdicts[0].reason == "timeout"
    assert [verdict.extracted for verdict in verdicts[1:]] == [str(i) for i in range(300)]


@pytest.mark.parametrize("slow", [ENDLESS, LOOPING], ids=["itself", "a program"])
def test_workers_end_when_their_parent_is_killed_even_at_work(slow):
    code = (
        "from r1data.verify.workers import *\n"
        "pool = Pool(2, 1.0)\n"
        "def tasks():\n"
        "    yield from [Task('math', '$\\gcd(6, 9)$', '3')] * 2\n"
        "    print(*[worker.process.pid for worker in pool.workers], flush=True)\n"
        f"    yield from [{slow!r}] * 100\n"
        "list(pool.map(tasks()))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    with parent:
        children = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        assert children
        if slow is LOOPING:
            until(lambda: any(child.children(recursive=True) for child in children))
            children += [below for child in children for below in child.children(recursive=True)]
        os.kill(parent.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive


def test_the_deadline_counts_cpu_time_not_waiting():
    with Pool(1, 0.5) as pool:
        assert next(pool.map([ALGEBRA])).verdict == "right"
        process = pool.workers[0].process
        process.send_signal(signal.SIGSTOP)
        wake = threading.Timer(1.5, process.send_signal, [signal.SIGCONT])
        wake.start()
        assert next(pool.map([ALGEBRA])).verdict == "right"
        wake.join()
        assert pool.workers[0].process is process


def test_a_worker_that_does_nothing_at_all_is_given_up():
    with Pool(1, 1.0) as pool:
        assert next(pool.map([ALGEBRA])).verdict == "right"
        pool.workers[0].wall_s = 3.0
        pool.workers[0].process.send_signal(signal.SIGSTOP)
        verdict = next(pool.map([ALGEBRA]))
        assert (verdict.verdict, verdict.reason) == ("unknown", "timeout")
        assert next(pool.map([ALGEBRA])).verdict == "right"


def test_verdicts_are_the_same_on_a_machine_that_has_no_time():
    code = Task("code", "<think>So.</think>```python\ndef f(x): return x + 1\n```", '["assert f(1) == 2"]')
    busy = Task(
        "code", "<think>So.</think>```python\nwhile True: pass\n```", code.reference, {"timeout_s": 0.5}
    )
    tasks = [QUICK, ALGEBRA, ENDLESS, code, busy, ALGEBRA, code]
    with Pool(2, 1.0) as pool:
        calm = [(verdict.verdict, verdict.reason) for verdict in pool.map(tasks)]
    others = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * (os.cpu_count() or 1))
    ]
    try:
        with Pool(2, 1.0) as pool:
            loaded = [(verdict.verdict, verdict.reason) for verdict in pool.map(tasks)]
    finally:
        for other in others:
            other.kill()
            other.wait()
    assert loaded == calm
    assert {reason for _, reason in calm} == {"equal", "timeout", "passed", "time_limit"}
