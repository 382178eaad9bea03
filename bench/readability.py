"""Readability and personal data: speed, growth, planted loops, and alarms on traces that were judged correct.

    python -m bench.readability --data FOLDER            # a folder of Parquet files, see below
    python -m bench.readability --data FOLDER --list     # also every alarm and every mark

Files: `reasoninggym_easy_*.parquet` (question, response, score), `traces_star1_safety_a.parquet` (question,
response), `traces_misguided_attention_a.parquet` (prompt, thinking, output). Those of score 1, and all of
STAR-1, were judged correct; MisguidedAttention says nothing of it and serves for speed.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import polars as pl

from bench.measure import Timer, peak_mb, spread
from r1data.curate.pii import pii
from r1data.curate.readability import readability
from r1data.curate.readability.rules import unreadable
from r1data.recipe import Readability

Stage = Callable[[pl.LazyFrame], pl.LazyFrame]
UNITS = {
    "word": "wait ",
    "sentence": "But then the goat would be left with the cabbage. ",
    "paragraph": "Wait, the first rope burns for an hour.\nSo I light it at both ends.\n\nI look again.\n\n",
    "counter": "Step {}: I check the sum once more and nothing is new. ",
    "Chinese": "等等，我再看一遍题目。",
}
LOOPS = ("readability:loop", "readability:inner_loop")


def traces(folder: Path) -> pl.DataFrame:
    """set, rollout_id, night, prompt, completion, right."""
    parts = []
    for path in sorted(folder.glob("reasoninggym_easy_*.parquet")):
        text = pl.col("response").fill_null("")
        parts.append((path, "question", text, pl.col("score") >= 1))
    for path in folder.glob("traces_star1_safety_a.parquet"):
        parts.append((path, "question", pl.col("response"), pl.lit(True)))
    for path in folder.glob("traces_misguided_attention_a.parquet"):
        text = pl.format(
            "<think>\n{}\n</think>\n{}", pl.col("thinking").fill_null(""), pl.col("output").fill_null("")
        )
        parts.append((path, "prompt", text, pl.lit(None, pl.Boolean)))
    frames = [
        pl.read_parquet(path).select(
            set=pl.lit(path.stem),
            rollout_id=pl.format("{}-{}", pl.lit(path.stem), pl.int_range(pl.len())),
            night=pl.lit("n"),
            prompt=prompt,
            completion=text,
            right=right,
        )
        for path, prompt, text, right in parts
    ]
    return pl.concat(frames)


def speed(name: str, stage: Stage, rows: pl.DataFrame, text: str, rounds: int) -> None:
    """MB of text a CPU-second, medians of a few rounds."""
    stage(rows.head(20).lazy()).collect()
    size, rates = rows[text].str.len_bytes().sum() / 1e6, []
    for _ in range(rounds):
        with Timer() as timer:
            stage(rows.lazy()).collect()
        rates.append(size / timer.cpu_s)
    print(f"{name}: {rows.height:,} texts, {size:,.1f} MB: {spread(rates, 1)} MB per CPU-second", flush=True)


def growth(rounds: int) -> None:
    """Seconds by the length of one trace: ordinary words, and one line without a blank."""
    words = " ".join(f"w{(at * 7919) % 4001} is{at % 13}" for at in range(1_200_000))
    for name, make in (("words", lambda n: words[:n]), ("one line", lambda n: "xy" * (n // 2))):
        for n in (100_000, 1_000_000, 10_000_000):
            row = pl.LazyFrame({"night": ["n"], "rollout_id": ["a"], "completion": [make(n)], "prompt": [""]})
            seconds = []
            for _ in range(rounds):
                with Timer() as timer:
                    readability(row).collect()
                seconds.append(timer.wall_s)
            print(f"one trace of {n:,} characters, {name}: {spread(seconds, 3)} s", flush=True)


def judged(rows: pl.DataFrame, profile: str) -> pl.DataFrame:
    """The rows with `reasons`, as if of domain math and of right form where the row has a thought."""
    facts = readability(rows.lazy()).collect().drop("night", "version")
    known = rows.join(facts, on="rollout_id").with_columns(
        has_readability=True, domain=pl.lit("math"), form_reason=pl.lit(""), form=pl.lit("unknown")
    )
    reasons = pl.concat_list(unreadable(Readability(profile=profile))).list.drop_nulls()
    return known.with_columns(reasons=reasons)


def planted(rows: pl.DataFrame) -> pl.DataFrame:
    """Loops of every unit at the end of a thought and in its middle, in real traces: kind and the like."""
    hosts = rows.filter(pl.col("set").str.starts_with("traces_star1")).head(40)
    made = []
    for kind, unit in UNITS.items():
        looped = "".join(unit.replace("{}", str(at + 12)) for at in range(max(30, 400 // len(unit) + 20)))
        for place in ("end of the thought", "middle"):
            if (kind, place) == ("counter", "middle"):
                continue  # not looked for
            marked = "\n" + looped + ("</think>" if place != "middle" else "\n\nWell.</think>")
            text = pl.col("completion").str.replace("</think>", marked, literal=True)
            made.append(hosts.with_columns(completion=text, kind=pl.lit(f"{kind}, {place}")))
    return pl.concat(made).with_columns(rollout_id=pl.int_range(pl.len()).cast(pl.String))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--list", action="store_true")
    given = parser.parse_args()
    rows = traces(given.data)
    subjects = rows.select("night", subject=pl.lit("trace"), subject_id="rollout_id", text="completion")
    long = rows.filter(pl.col("set").str.starts_with("traces_misguided"))
    speed("readability, long traces", readability, long, "completion", given.rounds)
    speed(
        "pii, long traces",
        pii,
        subjects.join(long, left_on="subject_id", right_on="rollout_id", how="semi"),
        "text",
        given.rounds,
    )
    speed("pii, all", pii, subjects, "text", given.rounds)
    growth(given.rounds)
    for profile in ("r1", "strict"):
        found = judged(rows, profile)
        right = found.filter("right")
        alarms = right.filter(pl.col("reasons").list.set_intersection(list(LOOPS)).list.len() > 0)
        print(f"{profile}: {alarms.height} loop alarms on {right.height:,} traces judged correct")
        told = (
            right.explode("reasons").drop_nulls("reasons").group_by("set", "reasons").len().sort("set", "len")
        )
        print(*(f"    {row[0]}: {row[1]} {row[2]}" for row in told.iter_rows()), sep="\n")
        if given.list:
            print(*alarms.select("rollout_id", "reasons").rows(), sep="\n")
    hits = (
        judged(planted(rows), "r1")
        .group_by("kind", maintain_order=True)
        .agg(n=pl.len(), found=(pl.col("reasons").list.set_intersection(list(LOOPS)).list.len() > 0).sum())
    )
    print(
        *(f"planted loops, {kind}: {n_found} of {n} found" for kind, n, n_found in hits.iter_rows()), sep="\n"
    )
    marks = pii(subjects.lazy()).filter(pl.col("n_marks") > 0).collect()
    kinds = marks.explode("marks").unnest("marks")
    print(
        f"pii: {marks.height} of {subjects.height:,} texts marked", dict(kinds["kind"].value_counts().rows())
    )
    if given.list:
        print(*kinds.select("subject_id", "kind", "masked").rows(), sep="\n")
    print(f"peak {peak_mb():,.0f} MB")


if __name__ == "__main__":
    main()
