"""Decontamination: what is found of planted benchmark rows, what is found wrongly, and how fast.

python -m bench.decontaminate --data FOLDER            # accuracy, a row per kind, and speed
python -m bench.decontaminate --data FOLDER --list     # every miss and false hit, too

The folder holds Parquet files: `decontam_mix_a` (text, kind, contaminated), its benchmarks `math_gsm8k_test`
and `math_MATH500`, `math_aime_1983_2023`, and any others, whose questions are put together for the speed.
Speed is measured in a process of its own, so that its memory is its own.
"""

import argparse
import random
import subprocess
import sys
from pathlib import Path

import polars as pl

from bench.measure import Timer, peak_mb
from r1data.curate.decontaminate import Hit, Index, hits
from r1data.curate.decontaminate.formats import FORMATS, inside
from r1data.recipe import Contamination

QUESTIONS = ("question", "problem", "quiz", "input", "prompt")
N_ITEMS = 20_000
SIZES = (20_000, 40_000, 80_000)
LIST_CHARS = 300


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--list", action="store_true")
    options.add_argument("--speed-only", action="store_true", help="what the process of its own is given")
    given = options.parse_args()
    if given.speed_only:
        speed(given.data)
        return
    accuracy(given.data, listed=given.list)
    again = [sys.executable, "-m", "bench.decontaminate", "--data", str(given.data), "--speed-only"]
    subprocess.run(again, check=True)


def accuracy(data: Path, *, listed: bool) -> None:
    """Found and missed of every kind of text, for runs of 10 and of 13 words."""
    items = pl.concat(
        pl.read_parquet(data / f"{name}.parquet").select(
            benchmark=pl.lit(name), item_id=pl.int_range(pl.len()).cast(pl.String), text=column
        )
        for name, column in (("math_gsm8k_test", "question"), ("math_MATH500", "problem"))
    )
    index = Index(items)
    mix = pl.read_parquet(data / "decontam_mix_a.parquet").select("text", "kind", "contaminated")
    aime = pl.read_parquet(data / "math_aime_1983_2023.parquet").select(
        text="problem", kind=pl.lit("aime_1983_2023"), contaminated=pl.lit(False)
    )
    rows = [mix, aime]
    for name, change in {**FORMATS, "inside": inside}.items():
        texts = pl.Series("text", [change(text) for text in items["text"]])
        changed = items.select(was="text").with_columns(texts).filter(pl.col("text") != pl.col("was"))
        labels = {"kind": pl.lit(f"format:{name}"), "contaminated": pl.lit(True)}
        rows.append(changed.select("text", **labels))
    texts = pl.concat(rows)
    for n_words in (10, 13):
        found = hits(texts["text"], index, Contamination(ngram_words=n_words))
        _print_accuracy(texts, found, n_words)
    if listed:
        _list(texts, hits(texts["text"], index, Contamination()), index)


def _print_accuracy(texts: pl.DataFrame, found: dict[int, Hit], n_words: int) -> None:
    method = pl.Series("method", [found[row].method if row in found else None for row in range(texts.height)])
    told = (
        texts.with_columns(method)
        .group_by("kind", "contaminated", maintain_order=True)
        .agg(
            rows=pl.len(),
            found=pl.col("method").is_not_null().sum(),
            percent=(100 * pl.col("method").is_not_null().mean()).round(2),
            **{stage: (pl.col("method") == stage).sum() for stage in ("exact", "ngram", "fuzzy")},
        )
    )
    print(f"\nRuns of {n_words} words:")
    with pl.Config(tbl_rows=-1, tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True):
        print(told)


def _list(texts: pl.DataFrame, found: dict[int, Hit], index: Index) -> None:
    for row, (text, kind, contaminated) in enumerate(texts.iter_rows()):
        hit = found.get(row)
        if (hit is not None) != contaminated and kind != "translated_zh":
            print(f"\n{kind}: {'missed' if contaminated else 'found'}\n  {text[:LIST_CHARS]!r}")
            if hit:
                print(f"  {hit.method} {hit.similarity:.3f} {index.rows['text'][hit.item][:LIST_CHARS]!r}")


def speed(data: Path) -> None:
    """Prompts a second against 20,000 items, with what they cost, and memory."""
    texts = questions(data)
    random.Random(0).shuffle(texts)
    items = texts[:N_ITEMS]
    benchmarks = pl.DataFrame({"text": items}).with_columns(
        benchmark=pl.lit("b"), item_id=pl.int_range(pl.len()).cast(pl.String)
    )
    with Timer() as timer:
        index = Index(benchmarks)
        n_runs = len(index.arrays[3]) + len(index.whole)  # both are made when they are asked for
    print(f"\n{n_runs:,} entries in the index of {len(items):,} items: {timer.wall_s:.2f} s")
    prompts = pl.Series(grown(texts[N_ITEMS:], max(SIZES)))
    n_chars = prompts.str.len_chars().mean()
    hits(prompts.head(2_000), index, Contamination())  # compiles, or loads what was compiled
    for n in SIZES:
        with Timer() as timer:
            found = hits(prompts.head(n), index, Contamination())
        print(
            f"{n:>7,} prompts: {n / timer.wall_s:>8,.0f}/s · {timer.wall_s:.2f} s · "
            f"{timer.cpu_s:.2f} CPU-seconds · {len(found):,} hits"
        )
    print(f"{n_chars:.0f} characters a prompt; peak memory {peak_mb():,.0f} MB")


def questions(data: Path) -> list[str]:
    """Distinct questions of all files."""
    found: dict[str, None] = {}
    for path in sorted(data.glob("*.parquet")):
        frame = pl.scan_parquet(path)
        column = next((name for name in QUESTIONS if name in frame.collect_schema()), None)
        if column and frame.collect_schema()[column] == pl.String:
            texts = frame.select(column).drop_nulls().unique(maintain_order=True).collect()[column]
            found |= dict.fromkeys(texts)
    return list(found)


def grown(texts: list[str], n: int) -> list[str]:
    """`texts`, and after them texts of the first half of one and the second of another."""
    draw = random.Random(0)
    made = texts[:n]
    while len(made) < n:
        first, second = draw.choice(texts).split(" "), draw.choice(texts).split(" ")
        made.append(" ".join(first[: len(first) // 2] + second[len(second) // 2 :]))
    return made


if __name__ == "__main__":
    main()
