"""Kill -9 at random points of a night: what is lost, made twice, redone, and left running.

    python -m bench.resume                                # scripted engine, 20 kills
    python -m bench.resume --engine vllm --kills 20       # the embedded model, some 45 s a kill
    python -m bench.resume --engine vllm --kills 1 --slots 1 --rollouts 200   # a steady batch

With vllm the rows are also compared, token by token, with those of a night that nobody disturbed.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import psutil

from bench.measure import spread
from r1data import ids
from r1data.generate.attempts import Attempt
from r1data.generate.engine import Request
from r1data.generate.engines import ENGINES
from r1data.generate.fetch import DEFAULT_MODEL
from r1data.generate.journal import Journal
from r1data.generate.models import resolve
from r1data.generate.queue import Queue
from r1data.generate.rollout import recover, run
from r1data.lake import Lake
from r1data.recipe import Generate, Sampling, VllmSettings

MARK = "R1DATA_BENCH_RUN"
"""Environment variable that every process of a night inherits."""


def attempts_of(n: int) -> list[Attempt]:
    """Eight attempts at each of n / 8 sums."""
    made = []
    for number in range(n):
        messages = ({"role": "user", "content": f"Explain step by step what {number // 8} + 17 is."},)
        prompt = ids.prompt_id(messages)
        rollout = ids.rollout_id(prompt, "t", number % 8)
        request = Request(
            rollout, prompt, number % 8, messages, ids.seed(rollout), 64, Sampling(temperature=0.7)
        )
        made.append(Attempt(request, "2026-01-01", "t"))
    return made


class Logged(Queue):
    """A queue that notes every attempt that it lets begin."""

    log: Path

    def take(self, room: int, idle: int = 0) -> list[Attempt]:
        """As `Queue.take`."""
        taken = super().take(room, idle)
        with self.log.open("a", encoding="utf-8") as file:
            file.writelines(attempt.request.rollout_id + "\n" for attempt in taken)
        return taken


def night(folder: Path, engine_name: str, n: int, slots: int) -> None:
    """Make what is missing of n rollouts; prints a line once the engine is ready."""
    lake = Lake(folder / "lake")
    vllm = VllmSettings(max_num_seqs=slots, kv_cache_bytes=2**29)
    script = {"texts": ["so it is " * 20], "slots": slots, "token_s": 0.002}
    generate = Generate(engine=engine_name, context_tokens=512, vllm=vllm, fake=script)
    model = resolve(DEFAULT_MODEL if engine_name == "vllm" else "fake:t")

    def publish(frame: object) -> None:
        lake.append("rollouts", frame)

    with Journal(folder / "journal") as journal:
        recover(journal, publish)
        stored = set(lake.scan("rollouts").select("rollout_id").collect()["rollout_id"])
        queue = Logged(a for a in attempts_of(n) if a.request.rollout_id not in stored)
        queue.log = folder / "begun"
        with ENGINES[engine_name](generate, model) as engine:
            print("ready", flush=True)
            run(queue, engine, journal, publish, segment_s=5)


def start(folder: Path, engine_name: str, n: int, slots: int) -> tuple[subprocess.Popen[str], str]:
    """Start a night in a process of its own and wait until its engine is ready."""
    mark = uuid.uuid4().hex
    command = [sys.executable, "-m", "bench.resume", "--night", str(folder), "--engine", engine_name]
    command += ["--rollouts", str(n), "--slots", str(slots)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ | {MARK: mark}
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process, mark


def orphans(mark: str) -> int:
    """Processes of a night that still run."""
    found = 0
    for process in psutil.process_iter():
        try:
            found += process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            continue
    return found


def reaped_after_s(mark: str) -> float:
    """Seconds until no process of a night is left; 60 when some stay."""
    began = time.monotonic()
    while orphans(mark) and time.monotonic() - began < 60:
        time.sleep(0.1)
    return time.monotonic() - began


def rows(folder: Path) -> dict[str, tuple[str, int]]:
    """Text and tokens by rollout, as stored."""
    frame = Lake(folder / "lake").scan("rollouts").collect()
    assert frame["rollout_id"].is_unique().all(), "a rollout is stored twice"
    return {
        row["rollout_id"]: (row["completion"], row["completion_tokens"])
        for row in frame.iter_rows(named=True)
    }


def main() -> None:
    """Kill, resume, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--night", type=Path)
    parser.add_argument("--engine", default="fake")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--rollouts", type=int, default=2400)
    parser.add_argument("--slots", type=int, default=16, help="rollouts in flight; 1 is a steady batch")
    parser.add_argument("--within-s", type=float, default=1.5)
    given = parser.parse_args()
    if given.night:
        night(given.night, given.engine, given.rollouts, given.slots)
        return
    luck, reaped, kills = random.Random(0), [], 0
    with tempfile.TemporaryDirectory() as left, tempfile.TemporaryDirectory() as right:
        calm, killed = Path(left), Path(right)
        began = time.monotonic()
        start(calm, given.engine, given.rollouts, given.slots)[0].wait()
        print(f"undisturbed: {len(rows(calm))} rollouts in {time.monotonic() - began:.0f} s", flush=True)
        while True:
            process, mark = start(killed, given.engine, given.rollouts, given.slots)
            try:
                process.wait(luck.uniform(0.02, given.within_s) if kills < given.kills else None)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
                reaped.append(reaped_after_s(mark))
                continue
            break
        report(calm, killed, kills, reaped, given.rollouts, given.slots)


def report(calm: Path, killed: Path, kills: int, reaped: list[float], n: int, slots: int) -> None:
    """Print what came of it."""
    before, after = rows(calm), rows(killed)
    begun = len((killed / "begun").read_text(encoding="utf-8").split())
    same = sum(before[name] == row for name, row in after.items())
    print(f"{kills} kills: {n - len(after)} of {n} rollouts missing, none twice")
    redone = begun - n
    per_kill = redone / max(kills, 1)
    print(f"begun {begun} times: {redone} redone, {per_kill:.1f} a kill; {int(1.25 * slots)} were in flight")
    if reaped:
        print(f"no process left after {spread(reaped)} s")
    print(f"identical to the undisturbed night: {same} of {len(after)} ({same / len(after):.2%})")


if __name__ == "__main__":
    main()
