"""What stopping early saves, and whether it bends the corpus: a fixed night against an adaptive one.

    python -m bench.adaptive

The scripted engine works in real time, each slot on one completion. Prompts differ in how often they are
solved; wrong completions are longer than right ones, as those of real teachers are. Both nights have the same
completions for the same attempts, and the real verifiers.
"""

import random
import statistics
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from bench.measure import spread
from r1data.generate.attempts import attempts
from r1data.generate.engines.fake import FakeEngine
from r1data.generate.journal import Journal
from r1data.generate.judging import Judging
from r1data.generate.models import resolve
from r1data.generate.planning.plan import plan
from r1data.generate.planning.todo import todo, wanted
from r1data.generate.queue import Queue
from r1data.generate.rollout import run
from r1data.lake import Lake
from r1data.prompts import intake, questions
from r1data.recipe import Adaptive, Generate, PromptSource, Recipe, Teacher
from r1data.schema import TABLES
from r1data.verify.right import right_rollouts

NIGHT, N, KEEP, SLOTS, TOKEN_S = "2026-01-01", 16, 4, 32, 0.003
RULE = Adaptive(enough=KEEP, first=4)
SOURCE = PromptSource(name="sums", source="templates", families=("add1", "mul1", "max4"), n_per_family=100)
RECIPE = Recipe(name="r", start=date.fromisoformat(NIGHT), prompts=[SOURCE])


def script(asked: pl.DataFrame, seed: int) -> dict[str, tuple[str, ...]]:
    """Completions of each prompt: right at a rate of its own, their lengths log-normal."""
    luck = random.Random(seed)
    texts = {}
    for messages, reference in asked.select("messages", "reference").iter_rows():
        rate = luck.betavariate(0.7, 0.7)
        made = []
        for _ in range(N):
            right = luck.random() < rate
            words = min(int(luck.lognormvariate(4.0 if right else 4.5, 0.7)), 900)
            answer = reference if right else str(int(reference) + 1)
            made.append(f"<think>\n{' so it is' * (words // 3)}.\n</think>\n\n{answer}")
        texts[messages[0]["content"]] = tuple(made)
    return texts


def night(
    folder: Path, asked: pl.DataFrame, rule: Adaptive | None, seed: int
) -> tuple[pl.DataFrame, float, float]:
    """Make a night; its rollouts with `right`, the share of busy slots, and seconds."""
    lake, lazy = Lake(folder / "lake"), asked.lazy()
    lake.append("prompts", intake.prompts(lazy, night=NIGHT))
    references = intake.references(lazy, recipe=RECIPE.name, night=NIGHT, added_at=datetime.now(UTC))
    lake.append("prompt_references", references)
    kept = pl.DataFrame({"prompt_id": asked["prompt_id"], "recipe": "r", "night": NIGHT, "kept": True}).lazy()
    none = TABLES["rollouts"].empty().lazy()
    planned = plan(kept, none, night=NIGHT, recipe="r", teacher_id="t", n=N, max_tokens=1000)
    rows = wanted(todo(planned, none), {}, rule) if rule else todo(planned, none)
    fake = {"by_prompt": script(asked, seed), "slots": SLOTS, "token_s": TOKEN_S}
    engine = FakeEngine(Generate(engine="fake", fake=fake), resolve("fake:t"))
    with Journal(folder / "journal") as journal, Judging(lake, RECIPE) as judging, engine:
        begun = attempts(rows, lake.scan("prompts"), Teacher(name="t", model="fake:t"), rule)
        queue = Queue(begun, adaptive=rule)
        publish, judge = (lambda frame: lake.append("rollouts", frame)), judging if rule else None
        summary = run(queue, engine, journal, publish, judge=judge)
        assert summary.completion_tokens == summary.counters["completion_tokens"]
        judging.publish()
        judging.catch_up(lake.scan("rollouts"))
    stored, references = lake.scan("rollouts"), lake.scan("prompt_references")
    right = right_rollouts(stored, lake.scan("verdicts"), references).with_columns(right=pl.lit(True))
    found = stored.join(right, on="rollout_id", how="left").with_columns(pl.col("right").fill_null(False))
    return found.collect(), summary.busy_share or 0.0, summary.elapsed_s


def kept(rollouts: pl.DataFrame) -> pl.DataFrame:
    """The first KEEP right traces of each prompt: what both nights may keep."""
    return rollouts.filter("right").sort("index").group_by("prompt_id", maintain_order=True).head(KEEP)


def pass_rate(rollouts: pl.DataFrame) -> float:
    """Mean over prompts of the pass rate over unconditional attempts."""
    counted = rollouts.filter("unconditional").group_by("prompt_id").agg(pl.col("right").mean())
    return counted["right"].mean()


def main() -> None:
    """Print three pairs of nights and what they say."""
    asked = questions((SOURCE,), night=date.fromisoformat(NIGHT), start=date.fromisoformat(NIGHT)).unique(
        "prompt_id"
    )
    saved, busy, gap, longer = [], [], [], []
    for seed in range(3):
        with tempfile.TemporaryDirectory() as left, tempfile.TemporaryDirectory() as right:
            fixed, _, fixed_s = night(Path(left), asked, None, seed)
            adaptive, share, adaptive_s = night(Path(right), asked, RULE, seed)
        tokens = [frame["completion_tokens"].sum() for frame in (fixed, adaptive)]
        traces = [kept(frame) for frame in (fixed, adaptive)]
        lengths = [frame["completion_tokens"].mean() for frame in traces]
        saved.append(100 * (1 - tokens[1] / tokens[0]))
        busy.append(100 * share)
        gap.append(100 * (pass_rate(adaptive) - pass_rate(fixed.filter(pl.col("index") < RULE.first))))
        longer.append(100 * (lengths[1] / lengths[0] - 1))
        middle = [statistics.median(frame["completion_tokens"]) for frame in traces]
        print(
            f"{len(asked)} prompts × {N}, fixed and adaptive: {tokens[0]:,} and {tokens[1]:,} tokens",
            end=", ",
        )
        print(
            f"{fixed_s:.0f} and {adaptive_s:.0f} s, {len(traces[0])} and {len(traces[1])} traces kept",
            end=", ",
        )
        print(f"median length {middle[0]:.0f} and {middle[1]:.0f}", flush=True)
    print(f"tokens saved: {spread(saved, 1)} %")
    print(f"slots busy until the queue is empty: {spread(busy, 1)} %")
    print(f"pass rate over the first {RULE.first} attempts, adaptive minus fixed: {spread(gap)} points")
    print(f"mean length of kept traces, adaptive against fixed: {spread(longer)} %")


if __name__ == "__main__":
    main()
