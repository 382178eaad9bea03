"""What a program costs in the sandbox beside a plain subprocess, which protects against nothing.

    python -m bench.sandbox [backend]

1,000 small programs with one test each, ours and `python -I -c` with a timeout in turns, so that a busy
machine shows on both; then programs with 30 tests, where the subprocess starts once per test. CPU-seconds are
those of this process and of all that it waited for: a turn of ours begins and ends with its own sandbox.
"""

import argparse
import ast
import subprocess
import sys

from bench.measure import Timer, spread
from r1data.verify.sandbox import Limits, Sandbox, Test
from r1data.verify.sandbox.backends import BACKENDS

N, ROUNDS = 1000, 5
"""Programs of one test, and in how many turns they are run."""
MANY, N_TESTS = 20, 30
"""Programs of many tests, and their tests."""
LIMITS = Limits(cpu_s=4.0)
PROGRAM = """
import math
from collections import Counter


def f(n):
    primes = [p for p in range(2, n) if all(p % q for q in range(2, math.isqrt(p) + 1))]
    return sum(primes), Counter(str(sum(primes))).most_common(1)[0][0], {seed}
"""


def ours(sandbox: Sandbox, number: int, n_tests: int) -> list[object]:
    """Values of a program's tests in the sandbox."""
    tests = [Test(expression="f(*arguments)", arguments=[50 + n], name="program") for n in range(n_tests)]
    return [outcome.value for outcome in sandbox.run(PROGRAM.format(seed=number), tests)]


def plain(number: int, n_tests: int) -> list[object]:
    """The same by one subprocess per test."""
    found = list[object]()
    for n in range(n_tests):
        source = f"{PROGRAM.format(seed=number)}\nprint(repr(f({50 + n})))"
        words = [sys.executable, "-I", "-c", source]
        found.append(ast.literal_eval(subprocess.check_output(words, timeout=10, text=True)))
    return found


def turns(backend: str, n_programs: int, n_tests: int, rounds: int) -> tuple[list[Timer], list[Timer]]:
    """Times of both, turn by turn."""
    mine, theirs = list[Timer](), list[Timer]()
    for turn in range(rounds):
        numbers = range(turn * n_programs, (turn + 1) * n_programs)
        with Timer() as timer, Sandbox(LIMITS, backend) as sandbox:
            found = [ours(sandbox, number, n_tests) for number in numbers]
        mine.append(timer)
        with Timer() as timer:
            wanted = [plain(number, n_tests) for number in numbers]
        theirs.append(timer)
        assert found == wanted
    return mine, theirs


def report(name: str, backend: str, n_programs: int, n_tests: int, rounds: int) -> None:
    """Print what turns say."""
    mine, theirs = turns(backend, n_programs, n_tests, rounds)
    print(f"{name}: {rounds} turns of {n_programs} programs × {n_tests} tests")
    for who, timers in (("sandbox", mine), ("subprocess", theirs)):
        programs = spread([n_programs / timer.wall_s for timer in timers], 1)
        tests = spread([n_programs * n_tests / timer.wall_s for timer in timers], 1)
        cpu = spread([1000 * timer.cpu_s / (n_programs * n_tests) for timer in timers])
        print(f"  {who}: {programs} programs/s, {tests} tests/s, {cpu} CPU-ms per test")
    pairs = list(zip(mine, theirs, strict=True))
    print(f"  ratio of wall time: {spread([b.wall_s / a.wall_s for a, b in pairs])} ×", end=", ")
    print(f"of CPU time: {spread([b.cpu_s / a.cpu_s for a, b in pairs])} ×", flush=True)


def main() -> None:
    """Print both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("backend", nargs="?", choices=("auto", *BACKENDS), default="zygote")
    backend = parser.parse_args().backend
    print(f"back-end {backend}")
    report("small programs", backend, N // ROUNDS, 1, ROUNDS)
    report("many tests", backend, MANY // ROUNDS, N_TESTS, ROUNDS)


if __name__ == "__main__":
    main()
