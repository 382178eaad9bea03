"""What the runner itself costs: rollouts per second of an engine that costs nothing, and its memory.

    python -m bench.runner      # 30 kB completions and 10,000 in flight; then 10k, 100k, 1M planned

Each measurement runs in a process of its own, so that its peak memory is its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from bench.measure import Timer, peak_mb, spread
from r1data import ids
from r1data.generate.attempts import attempts
from r1data.generate.engines.fake import FakeEngine
from r1data.generate.journal import Journal
from r1data.generate.models import resolve
from r1data.generate.planning.todo import todo
from r1data.generate.queue import Queue
from r1data.generate.rollout import run
from r1data.lake import Lake
from r1data.recipe import Generate, Teacher
from r1data.schema import TABLES

NIGHT, PER_PROMPT = "2026-01-01", 8
TEACHER = Teacher(name="t", model="fake:t")


def prepare(lake: Lake, n: int) -> None:
    """Store prompts and the plan of `n` rollouts."""
    prompts = n // PER_PROMPT
    messages = [[{"role": "user", "content": f"What is {i} + {i}?"}] for i in range(prompts)]
    names = [ids.prompt_id(message) for message in messages]
    rows = pl.DataFrame(
        {"night": [NIGHT] * prompts, "prompt_id": names, "messages": messages},
        schema_overrides=TABLES["prompts"].schema,
    )
    lacking = {c.name: pl.lit(None, c.dtype) for c in TABLES["prompts"].columns if c.name not in rows.columns}
    lake.append("prompts", rows.with_columns(**lacking))
    planned = pl.DataFrame(list(_planned(names)), schema=TABLES["plan"].schema, orient="row")
    lake.replace("plan", {"recipe": "bench", "night": NIGHT}, planned)


def _planned(prompts: list[str]) -> Iterator[tuple[object, ...]]:
    for prompt in sorted(prompts):
        for index in range(PER_PROMPT):
            rollout = ids.rollout_id(prompt, "t", index)
            yield "bench", NIGHT, rollout, prompt, "t", index, None, "new", 8192


def make(lake: Lake, folder: Path, completion_bytes: int, slots: int) -> dict[str, float]:
    """Make every planned rollout; returns the numbers."""
    text = "<think>\n" + "1234 + 5678; " * (completion_bytes // 13) + "\n</think>\n\n4"
    script = {"texts": [text], "slots": slots, "per_poll": 500}
    engine = FakeEngine(Generate(engine="fake", fake=script, context_tokens=2**20), resolve("fake:t"))
    with Timer() as timer, Journal(folder / "journal") as journal, engine:
        rows = todo(lake.scan("plan", NIGHT), lake.scan("rollouts"))
        queue = Queue(attempts(rows, lake.scan("prompts"), TEACHER))
        summary = run(queue, engine, journal, lambda frame: lake.append("rollouts", frame))
    stored = lake.scan("rollouts").select(pl.len()).collect().item()
    assert stored == summary.rollouts
    exact = summary.completion_tokens == summary.counters["completion_tokens"]
    assert exact, "the token ledger is not exact"
    return {
        "rollouts": stored,
        "rollouts_per_s": stored / timer.wall_s,
        "wall_s": timer.wall_s,
        "cpu_s": timer.cpu_s,
        "peak_mb": peak_mb(),
        "segments": summary.segments,
    }


def measure(n: int, completion_bytes: int, slots: int) -> dict[str, float]:
    """The numbers of one run in a process of its own; the plan is made by another one."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.runner", "--folder", folder, "--n", str(n)]
        subprocess.run([*command, "--prepare"], check=True)
        command += ["--bytes", str(completion_bytes), "--slots", str(slots)]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--prepare", action="store_true")
    parser.add_argument("--n", type=int, default=0)
    parser.add_argument("--bytes", type=int, default=30_000)
    parser.add_argument("--slots", type=int, default=8_000)
    parser.add_argument("--largest", type=int, default=1_000_000)
    given = parser.parse_args()
    if given.folder:
        lake = Lake(given.folder / "lake")
        if given.prepare:
            prepare(lake, given.n)
        else:
            print(json.dumps(make(lake, given.folder, given.bytes, given.slots)))
        return
    runs = [measure(20_000, given.bytes, given.slots) for _ in range(3)]
    rates, cpu = [r["rollouts_per_s"] for r in runs], [r["cpu_s"] / r["rollouts"] * 1e3 for r in runs]
    print(
        f"30 kB completions, 10,000 in flight: {spread(rates, 0)} rollouts/s, {spread(cpu)} CPU-ms each, "
        f"peak {spread([r['peak_mb'] for r in runs], 0)} MB"
    )
    for n in (10_000, 100_000, 1_000_000):
        if n <= given.largest:
            found = measure(n, 1_000, 128)
            print(
                f"{n:>9,} planned, 1 kB completions: {found['rollouts_per_s']:,.0f} rollouts/s, "
                f"{found['segments']:.0f} segments, peak {found['peak_mb']:,.0f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
