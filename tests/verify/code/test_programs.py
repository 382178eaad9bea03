import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from r1data.verify import REASONS, verify, workers
from r1data.verify.workers import Pool, Task

ONE = json.dumps({"fn_name": "f", "inputs": [[3]], "outputs": [9]})
ENDS = {
    "def f(x): return x +": "syntax_error",
    "def f(x): return x\0": "syntax_error",
    "def f(x): return x / 0": "runtime_error",
    "def g(x): return x": "runtime_error",
    "def f(x):\n import ctypes\n ctypes.string_at(0)": "runtime_error",
    "import os\nos._exit(0)": "early_exit",
    "raise SystemExit": "early_exit",
    "def f(x):\n while True: pass": "time_limit",
    "def f(x): return bytearray(1 << 30)": "memory_limit",
    "def f(x): return lambda: 9": "not_plain",
    "def f(x): return '9'": "different",
    "def f(x): return 10 ** 9999": "different",
    "def f(x): return {10 ** 9999: 1}": "different",
    "def f(x): raise Exception('\\ud800')": "runtime_error",
}


@pytest.mark.parametrize(("source", "reason"), ENDS.items())
def test_what_a_program_does_wrong_is_its_own_failure(source, reason):
    verdict = verify("code", f"<think>.</think>```python\n{source}\n```", ONE, timeout_s=0.3, memory_mb=128)
    assert (verdict.verdict, verdict.reward, verdict.reason) == ("wrong", 0.0, reason)
    assert REASONS[reason].startswith("wrong")
    verdict.extracted.encode()


def test_the_first_failing_test_ends_it_and_is_told():
    reference = json.dumps({"fn_name": "f", "inputs": [[n] for n in range(30)], "outputs": [*range(30)]})
    source = "def f(x):\n    while x > 2: pass\n    return x if x < 1 else -1"
    verdict = verify("code", f"<think>.</think>```\n{source}\n```", reference, timeout_s=60)
    assert verdict.extracted == "test 2 of 30: gave -1"


def test_all_tests_together_have_a_limit():
    reference = json.dumps({"fn_name": "f", "inputs": [[n] for n in range(30)], "outputs": [*range(30)]})
    busy = "import time\ndef f(x):\n    while time.process_time() < 0.2: pass\n    return x"
    verdict = verify("code", f"<think>.</think>```\n{busy}\n```", reference, timeout_s=5, total_s=0.5)
    assert verdict.reason == "time_limit"
    assert "all tests together" in verdict.extracted


def test_solutions_by_calls_have_what_contest_sites_set_up():
    source = (
        "def deep(n): return n and 1 + deep(n - 1)\n"
        "class Solution:\n"
        "    def f(self, x: Optional[List[int]]) -> int:\n"
        "        assert bisect.bisect_left([1, 2], 2) == bisect_left([1, 2], 2) == 1\n"
        "        return Counter('ab')['a'] * pow(deep(5000), 2, 10) + inf_or(9)\n"
        "inf_or = lambda x: x if x < math.inf else 0"
    )
    assert verify("code", f"<think>.</think>```\n{source}\n```", ONE).reason == "passed"


def test_every_test_begins_anew():
    reference = json.dumps({"fn_name": "f", "inputs": [[1], [1]], "outputs": [1, 1]})
    source = "seen = []\ndef f(x):\n    seen.append(x)\n    return len(seen)"
    assert verify("code", f"<think>.</think>```\n{source}\n```", reference).verdict == "right"


def test_a_check_hears_what_the_program_raises():
    test = "def check(f):\n    try: f(0)\n    except ValueError: return\n    assert False"
    reference = json.dumps({"test": test, "entry_point": "f", "prompt": ""})
    raising, silent = "def f(x): raise ValueError(x)", "def f(x): return x"
    assert verify("code", f"<think>.</think>```\n{raising}\n```", reference).verdict == "right"
    assert verify("code", f"<think>.</think>```\n{silent}\n```", reference).reason == "different"


@pytest.mark.parametrize(
    "source", ["def f(x): return eval('[' * 90 + ']' * 90)", "def f(x): return 10 ** 9999"]
)
def test_a_check_gets_what_the_program_gave_whatever_it_is(source):
    reference = json.dumps({"test": "def check(f):\n    assert f(0) == 0", "entry_point": "f"})
    deeper = source.replace("90", "99")
    for each in (source, deeper):
        assert verify("code", f"<think>.</think>```\n{each}\n```", reference).verdict == "wrong"


MANY = "def check(f):\n    for n in range(60):\n        assert f([n]) == [n] or n == 50"


@pytest.mark.parametrize(
    "known", ["def f(x): return x", "def f(x): return [x.pop()]", "def f(x): return 7 / 0", ""]
)
@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def f(x): return x", "passed"),
        ("def f(x): return x if x != [50] else 7", "passed"),
        ("def f(x): return x if x != [30] else 7", "different"),
        ("def f(x): return x if x != [31] else 7 / 0", "runtime_error"),
        ("import os\ndef f(x): return x if x != [32] else os._exit(0)", "early_exit"),
    ],
)
def test_a_check_of_many_calls_says_the_same_whatever_the_known_solution_is(known, source, reason):
    reference = json.dumps({"test": MANY, "entry_point": "f", "canonical_solution": known})
    assert verify("code", f"<think>.</think>```\n{source}\n```", reference).reason == reason


def test_long_text_may_be_printed_when_it_is_wanted():
    reference = json.dumps({"inputs": [""], "outputs": ["7 " * 1_000_000]})
    program = "<think>.</think>```\nprint('7 ' * {n})\n```"
    assert verify("code", program.format(n=1_000_000), reference).verdict == "right"
    assert verify("code", program.format(n=9_000_000), reference).reason == "output_limit"


def test_a_check_that_asks_without_end_is_our_doubt():
    test = "def check(candidate):\n    while True: candidate(0) if candidate(1) else 0"
    reference = json.dumps({"test": test, "entry_point": "f"})
    verdict = verify("code", "<think>.</think>```\ndef f(x): return x\n```", reference, total_s=0.5)
    assert (verdict.verdict, verdict.reason) in [("unknown", "bad_reference"), ("wrong", "time_limit")]


def test_a_program_has_limits_of_its_own_beside_those_of_the_worker(monkeypatch):
    monkeypatch.setattr(workers, "WALL_EXTRA_S", 0.0)
    monkeypatch.setattr(workers, "WALL_FACTOR", 1)
    slow = (
        "import time\ndef f(x):\n    time.sleep(0.4)\n    while time.process_time() < 0.5: pass\n    return 9"
    )
    with Pool(1, 0.3) as pool:
        (verdict,) = pool.map([Task("code", f"<think>.</think>```\n{slow}\n```", ONE)])
    assert verdict.reason == "passed"


def test_threads_get_the_same_verdicts():
    def judged(n):
        reference = json.dumps({"fn_name": "f", "inputs": [[n]], "outputs": [n * n if n % 3 else -1]})
        return verify("code", "<think>.</think>```\ndef f(x): return x * x\n```", reference).verdict

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(judged, range(1, 25))) == ["right" if n % 3 else "wrong" for n in range(1, 25)]


PRINTED = [
    ("tokens", "1  2\n3", "1 2 3\n\n", True),
    ("tokens", "0.3333333", "0.33333334", True),
    ("tokens", "3", "3.0", True),
    ("tokens", "3.0", "3", False),
    ("tokens", "yes", "YES", False),
    ("exact", "1 2 \n3\n", "1 2\n3", True),
    ("exact", "1  2", "1 2", False),
    ("exact", "0.3333333", "0.33333334", False),
    ("float", "3.0", "3", True),
    ("float", "3.1", "3", False),
    ("float", "nan", "3", False),
]


@pytest.mark.parametrize(("checker", "found", "wanted", "equal"), PRINTED)
def test_printed_text_is_compared_as_the_checker_says(checker, found, wanted, equal):
    reference = json.dumps({"inputs": [""], "outputs": [wanted]})
    program = f"<think>.</think>```python\nprint({found!r})\n```"
    assert (verify("code", program, reference, checker=checker).verdict == "right") == equal


VALUES = [
    ({}, "(1, 2)", [1, 2], True),
    ({}, "{1: 'a'}", {"1": "a"}, True),
    ({}, "0.1 + 0.2", 0.3, True),
    ({"checker": "exact"}, "0.1 + 0.2", 0.3, False),
    ({"tolerance": 0.1}, "[1.05]", [1], True),
    ({}, "True", 1, True),
    ({}, "'1'", 1, False),
    ({}, "float('inf')", 1.5, False),
    ({}, "10 ** 400", 1.5, False),
    ({}, "[1, 2, 3]", [1, 2], False),
]


@pytest.mark.parametrize(("args", "found", "wanted", "equal"), VALUES)
def test_values_of_calls_are_compared_as_json(args, found, wanted, equal):
    reference = json.dumps({"fn_name": "f", "inputs": [[]], "outputs": [wanted]})
    program = f"<think>.</think>```python\ndef f(): return {found}\n```"
    assert (verify("code", program, reference, **args).verdict == "right") == equal


def test_asserts_keep_pythons_equality_unless_the_checker_is_float():
    program = "<think>.</think>```python\ndef f(): return (0.1 + 0.2, 1)\n```"
    assert verify("code", program, '["assert f() == (0.3, 1)"]').reason == "different"
    assert verify("code", program, '["assert f() == (0.3, 1)"]', checker="float").verdict == "right"
    assert verify("code", program, '["assert f() == [0.3, 1]"]', checker="float").reason == "different"
