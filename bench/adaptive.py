"""What stopping early saves, and whether it bends the corpus: a fixed night against an adaptive one.

    python -m bench.adaptive

The scripted engine works in real time, each slot on one completion. Prompts differ in how often they are solved;
wrong completions are longer than right ones, as those of real teachers are. Both nights use the same completions for the
same attempts, and the real verifiers.
"""

import random
from pathlib import Path

import polars as pl

from r1data.generate.attempts import attempts
from r1data.generate.fake import FakeEngine
from r1data.generate.journal import Journal
from r1data.generate.judging import Judging
from r1data.generate.models import resolve
from r1data.generate.queue import Queue
from r1data.generate.rollout import run
from r1data.generate.todo import wanted
from r1data.lake import Lake
from r1data.prompts import intake
from r1data.recipe import Adaptive, Generate, Teacher, Verify
from r1data.verify.right import right_rollouts

NIGHT = "2026-01-01"
KEEP = 4


def text(answer: str, words: int) -> str:
    """A completion of about so many words."""
    return f"<think>\n{' so it is' * (words // 3)}\n</think>\n\n{answer}"


def script(asked: pl.DataFrame, n: int, seed: int) -> dict[str, tuple[str, ...]]:
    """n completions of each prompt: right with a rate of its own, lengths log-normal."""
    luck = random.Random(seed)
    texts = {}
    for messages, reference in asked.select("messages", "reference").iter_rows():
        rate = luck.betavariate(0.7, 0.7)
        made = []
        for _ in range(n):
            right = luck.random() < rate
            words = int(luck.lognormvariate(4.0 if right else 4.5, 0.7))
            made.append(text(reference if right else str(int(reference) + 1), min(words, 900)))
        texts[messages[0]["content"]] = tuple(made)
    return texts


def night(
    folder: Path, asked: pl.DataFrame, n: int, rule: Adaptive | None, seed: int, token_s: float
) -> pl.DataFrame:
    """Make a night; prints its numbers and returns its rollouts with `right`."""
    lake = Lake(folder)
    lazy = asked.lazy()
    lake.append("prompts", intake.prompts(lazy, night=NIGHT))
    lake.append(
        "prompt_references",
        intake.references(
            lazy, night=NIGHT, added_at=pl.datetime(2026, 1, 1, time_unit="us", time_zone="UTC")
        ),
    )
    planned = intake_plan(asked, n)
    rows = planned.with_columns(parent_finish=pl.lit(None, pl.String))
    rows = wanted(rows, {}, rule) if rule else rows
    fake = {"by_prompt": script(asked, n, seed), "slots": 32, "token_s": token_s}
    engine = FakeEngine(Generate(engine="fake", fake=fake), resolve("fake:t"))
    with Journal(folder / "journal") as journal, Judging(lake, Verify()) as judging, engine:
        queue = Queue(
            attempts(rows, lake.scan("prompts"), Teacher(name="t", model="fake:t"), rule), adaptive=rule
        )
        summary = run(
            queue,
            engine,
            journal,
            lambda frame: lake.append("rollouts", frame),
            judge=judging if rule else None,
        )
        judging.catch_up(lake.scan("rollouts"))
    stored = lake.scan("rollouts")
    right = right_rollouts(stored, lake.scan("verdicts"), lake.scan("prompt_references")).with_columns(
        right=True
    )
    found = (
        stored.join(right, on="rollout_id", how="left")
        .with_columns(pl.col("right").fill_null(False))
        .collect()
    )
    print(
        f"{'adaptive' if rule else 'fixed':>8}: {found.height:,} rollouts, {summary.completion_tokens:,} tokens, "
        f"{summary.elapsed_s:.1f} s, {summary.busy_share:.1%} of the slots busy",
        flush=True,
    )
    return found
