"""How long the tab Browse takes over a large lake: to open, for each filter, for a page, for a trace.

    make bench BENCH=browse                       # a million rollouts in ten nights
    python -m bench.browse --rows 100000 --folder kept

Every look is one call of what the page calls, in a process that has looked once before. The lake's texts are
short; no filter reads them, and a trace opens one piece of one file.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from bench.measure import Timer, peak_mb, spread
from r1data import ids
from r1data.app.find import Filters, find, values
from r1data.app.trace import read_trace
from r1data.lake import Lake
from r1data.schema import TABLES

RECIPE = "browsed"
NIGHTS = tuple(f"2026-01-{day:02}" for day in range(1, 11))
PER_PROMPT = 8
SOURCES = ("gsm8k", "reasoning_gym", "competition", "inbox")
DOMAINS = ("math", "code", "stem", "logic", "general")
TEACHERS = ("large", "small")
REASONS = ("", "", "", "verification:different", "generation:length", "duplicates:near_duplicate")
REPEATS = 5


def make(lake: Lake, rows: int, seed: int = 0) -> None:
    """Fill a lake with rollouts, verdicts and selections of ten nights."""
    rng = np.random.default_rng(seed)
    teachers = [{"teacher_id": name, "name": name, "night": NIGHTS[0]} for name in TEACHERS]
    lake.append("teachers", _frame("teachers", pl.DataFrame(teachers)))
    per_night = rows // len(NIGHTS)
    for night in NIGHTS:
        prompts = _prompts(rng, night, per_night // PER_PROMPT)
        rollouts = _rollouts(rng, prompts)
        for table, frame in (("prompts", prompts), ("rollouts", rollouts), ("verdicts", rollouts)):
            lake.append(table, _frame(table, frame))
        key = {"recipe": RECIPE, "night": night}
        lake.replace("intake", key, _frame("intake", prompts))
        lake.replace("selected", key, _frame("selected", rollouts))


def _prompts(rng: np.random.Generator, night: str, n: int) -> pl.DataFrame:
    texts = [
        f"What is {a} + {b}, and why? ({night}/{i})" for i, (a, b) in enumerate(rng.integers(0, 999, (n, 2)))
    ]
    messages = [[{"role": "user", "content": text}] for text in texts]
    return pl.DataFrame({
        "recipe": RECIPE, "night": night, "kept": True, "messages": messages,
        "prompt_id": [ids.prompt_id(one) for one in messages],
        "source": rng.choice(SOURCES, n), "domain": rng.choice(DOMAINS, n), "language": "en",
    })  # fmt: skip


def _rollouts(rng: np.random.Generator, prompts: pl.DataFrame) -> pl.DataFrame:
    n = prompts.height * PER_PROMPT
    words = np.array(["so", "then", "let", "me", "check", "this", "again", "the", "sum", "of", "both", "is"])
    thoughts = [" ".join(rng.choice(words, 150)) for _ in range(997)]
    reasons = rng.choice(REASONS, n)
    kept = reasons == ""
    right = reasons != "verification:different"
    repeated = prompts.select(pl.all().repeat_by(PER_PROMPT).explode())
    index = np.tile(np.arange(PER_PROMPT), prompts.height)
    teacher = np.where(index % 2 == 0, *TEACHERS)
    keys = zip(repeated["prompt_id"], teacher, index, strict=True)
    return repeated.with_columns(
        rollout_id=pl.Series([ids.rollout_id(prompt, who, int(i)) for prompt, who, i in keys]),
        teacher_id=pl.Series(teacher), index=pl.Series(index),
        completion=pl.Series([f"<think>\n{thoughts[i % 997]}\n</think>\n\nIt is {i}." for i in range(n)]),
        thought_start=pl.lit(7), finish_reason=pl.lit("stop"), engine=pl.lit("made"), seed=pl.lit(0),
        completion_tokens=pl.Series(rng.integers(100, 9000, n)), elapsed_s=pl.lit(1.0),
        accepted=pl.Series(kept), rank=pl.when(pl.Series(kept)).then(1),
        stage=pl.Series([reason.partition(":")[0] or None for reason in reasons]),
        reasons=pl.Series([[reason] if reason else [] for reason in reasons.tolist()]),
        verdict=pl.Series(np.where(right, "right", "wrong")), decided_by=pl.lit("rule"),
        reward=pl.Series(right.astype(float)), verifier=pl.lit("math"), verifier_version=pl.lit("1"),
        reference_version=pl.lit("1"), reason=pl.lit("equal"), elapsed_ms=pl.lit(1.0),
    )  # fmt: skip


def _frame(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of a table; a column that they lack is null."""
    schema = TABLES[table].schema
    have = [pl.col(name) if name in rows.columns else pl.lit(None).alias(name) for name in schema]
    return rows.select(have).cast(schema)


def main() -> None:
    """Make the lake, or take one that is there, and look around in it."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--folder", type=Path, help="kept, and used again; a temporary one without")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        lake = Lake((given.folder or Path(temporary)) / "lake")
        if lake.version("selected") is None:
            make(lake, given.rows)
        measure(lake)
    print(f"{'peak memory, MB':44}{peak_mb():,.0f}")


def measure(lake: Lake) -> None:
    """Look at each thing REPEATS times, in turns, after one look that does not count."""
    middle = find(lake, Filters(night=NIGHTS[5]), 100).rows[0]["rollout_id"]
    n_pages = find(lake, Filters()).n_pages
    looks: dict[str, Callable[[], object]] = {
        "first page, all nights": lambda: find(lake, Filters()),
        "first page, one night": lambda: find(lake, Filters(RECIPE, NIGHTS[-1])),
        "filter: domain and verdict": lambda: find(lake, Filters(domain="math", verdict="wrong")),
        "filter: reason, source and teacher": lambda: find(
            lake, Filters(reason="generation:length", source="gsm8k", teacher="small")
        ),
        "filter: state": lambda: find(lake, Filters(state="accepted")),
        "filter: rollouts that nobody decided on": lambda: find(lake, Filters(state="open")),
        "filter: beginning of an id": lambda: find(lake, Filters(id="abc")),
        "last page, all nights": lambda: find(lake, Filters(), n_pages),
        "values of filters, all nights": lambda: values(lake, "", ""),
        "a trace": lambda: read_trace(lake, middle),
    }
    taken: dict[str, list[Timer]] = {name: [] for name in looks}
    for repeat in range(REPEATS + 1):
        for name, look in looks.items():
            with Timer() as timer:
                look()
            taken[name] += [timer] if repeat else []
    print(f"{find(lake, Filters()).n_rows:,} rollouts\n{'':44}{'seconds':>22}{'CPU-seconds':>22}")
    for name, timers in taken.items():
        told = [spread([getattr(timer, part) for timer in timers]) for part in ("wall_s", "cpu_s")]
        print(f"{name:44}{told[0]:>22}{told[1]:>22}")


if __name__ == "__main__":
    main()
