"""How fast an engine was: completion tokens per second, from what the lake remembers of it."""

from dataclasses import dataclass

import polars as pl

from r1data.generate.rollout import FEED
from r1data.recipe import Generate

LATEST_RUNS = 5


@dataclass(frozen=True)
class Speed:
    """Completion tokens per second of a whole engine."""

    tokens_per_s: float | None
    """None when nothing is known."""
    rests_on: str
    """runs, other teachers' runs, rollouts, or empty when nothing is known."""


def speed(engine_runs: pl.LazyFrame, rollouts: pl.LazyFrame, *, generate: Generate, teacher_id: str) -> Speed:
    """Speed of the recipe's engine: its latest runs with this teacher, else with others, else from rollouts.

    Rollouts tell it by Little's law: seconds in flight of all of them together are in flight at once times
    seconds on the clock. It holds while the queue is not empty, so a short night looks faster than it was.

    Args:
        engine_runs: table of that name.
        rollouts: table of that name; those of this teacher count.
        generate: names the engine and its slots.
        teacher_id: content address of the teacher.
    """
    ours = (pl.col("engine") == generate.engine) | pl.col("engine").str.starts_with(f"{generate.engine} ")
    runs = engine_runs.filter(ours & (pl.col("completion_tokens") > 0) & (pl.col("elapsed_s") > 0)).collect()
    same = runs.filter(teacher_id=teacher_id)
    for found, rests_on in ((same, "runs"), (runs, "other teachers' runs")):
        if latest := _rate(found.sort("began_at").tail(LATEST_RUNS)):
            return Speed(latest, rests_on)
    made = rollouts.filter(ours & (pl.col("teacher_id") == teacher_id))
    each = _rate(made.select("completion_tokens", "elapsed_s").collect())
    at_once = slots(generate)
    if each and at_once:
        return Speed(each * max(at_once, int(FEED * at_once)), "rollouts")
    return Speed(None, "")


def slots(generate: Generate) -> int | None:
    """Completions that the recipe's engine works on at once; None when only the engine knows."""
    match generate.engine:
        case "vllm":
            return generate.vllm.max_num_seqs * generate.vllm.data_parallel
        case "openai":
            return sum(endpoint.concurrency for endpoint in generate.openai.endpoints) or None
        case "fake":
            return int(generate.fake.get("slots", 8))
        case _:
            return None


def _rate(rows: pl.DataFrame) -> float | None:
    seconds = rows["elapsed_s"].sum()
    return rows["completion_tokens"].sum() / seconds if seconds else None
