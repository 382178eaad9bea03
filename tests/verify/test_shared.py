import asyncio
import os
import signal
from concurrent.futures import ThreadPoolExecutor

from r1data.verify import shared, verify, verify_async


def by_algebra(n):
    """A right verdict that only a worker gives."""
    return verify("math", rf"\boxed{{\gcd({6 * n + 6}, 9)}}", rf"\gcd(9, {6 * n + 6})")


def test_threads_and_async_code_get_the_same_verdicts_and_the_alarm_of_the_caller_stays():
    def alarm(*_):
        raise AssertionError("the alarm went off")

    before = signal.signal(signal.SIGALRM, alarm)
    signal.alarm(60)
    try:
        with ThreadPoolExecutor(4) as pool:
            verdicts = list(
                pool.map(
                    by_algebra,
                    range(8),
                )
            )
        assert {verdict.verdict for verdict in verdicts} == {"right"}
        assert asyncio.run(verify_async("math", r"\boxed{\gcd(6, 9)}", "2")).verdict == "wrong"
        assert signal.getsignal(signal.SIGALRM) is alarm
        assert 0 < signal.alarm(0) <= 60
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_a_hostile_answer_is_unknown_and_never_executed(tmp_path):
    assert verify("math", r"\boxed{\prod_{n=1}^{1000000} n!}", "3").reason == "timeout"
    made = tmp_path / "made"
    verify("math", rf"\boxed{{__import__('os').system('touch {made}')}}", "3")
    assert not made.exists()


def test_no_more_workers_are_kept_than_there_are_cores():
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(by_algebra, range(16)))
    assert len(shared._shared._idle) <= os.cpu_count()
