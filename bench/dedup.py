"""Near-duplicate removal beside its peers: speed per CPU-second, recall, precision, what is wrongly removed.

    python -m bench.dedup                              # 10,000 texts of 11 kB, every peer that is installed
    python -m bench.dedup --kind zh --peers ''         # Chinese, r1data alone
    python -m bench.dedup --n 200000 --peers '' --rounds 1 --from-file
    python -m bench.dedup --join                       # 20,000 new signatures against 500,000 stored ones

Peers (`pip install -e .[bench]`): datasketch with its default hash, rensa, Daft. All have 128 permutations of
word 5-gram shingles (rensa 126), 21 bands of 6, threshold 0.8. Each run is a process of its own that first
does a few texts, so that libraries are loaded and kernels compiled. Texts are in memory; with --from-file,
reading them counts. Tools take turns. Peers do not verify; a removal is wrong if the text that it fell to is
less than 0.8 like it.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from bench.dedup_texts import write
from bench.measure import Timer, peak_mb, spread

THRESHOLD, N_PERMUTATIONS, N_BANDS = 0.8, 128, 21


def ours(texts: pl.LazyFrame) -> list[tuple[int, int]]:
    """r1data, exact verification included."""
    from r1data.curate.dedup import near_duplicates

    rows = near_duplicates(texts, id="id", text="text", threshold=THRESHOLD)
    return rows.filter(~pl.col("kept")).select("id", "survivor_id").rows()


def shingles(text: str) -> list[str]:
    """Word 5-grams, as the peers' users write them."""
    words = text.split()
    return [" ".join(words[at : at + 5]) for at in range(max(1, len(words) - 4))]


def datasketch(texts: pl.LazyFrame) -> list[tuple[int, int]]:
    """datasketch's MinHash (SHA-1) and MinHashLSH; the first candidate counts."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(num_perm=N_PERMUTATIONS, params=(N_BANDS, 6))
    removed = []
    for row, text in texts.collect().iter_rows():
        sketch = MinHash(num_perm=N_PERMUTATIONS)
        sketch.update_batch([shingle.encode() for shingle in shingles(text)])
        if twins := index.query(sketch):
            removed.append((row, min(twins)))
        else:
            index.insert(row, sketch)
    return removed


def rensa(texts: pl.LazyFrame) -> list[tuple[int, int]]:
    """rensa's RMinHash and RMinHashLSH; the first candidate counts."""
    from rensa import RMinHash, RMinHashLSH

    # 126 of 128 values make 21 bands of 6: rensa divides evenly.
    index = RMinHashLSH(threshold=THRESHOLD, num_perm=126, num_bands=N_BANDS)
    removed = []
    for row, text in texts.collect().iter_rows():
        sketch = RMinHash(num_perm=126, seed=1)
        sketch.update(shingles(text))
        if twins := index.query(sketch):
            removed.append((row, min(twins)))
        else:
            index.insert(row, sketch)
    return removed


def daft(texts: pl.LazyFrame) -> list[tuple[int, int]]:
    """Daft's minhash, its bands grouped; the first text of a band's group counts."""
    import daft as d
    from daft import functions

    frame = d.from_arrow(texts.collect().to_arrow(compat_level=pl.CompatLevel.oldest()))
    signed = frame.with_column(
        "signature", functions.minhash(d.col("text"), num_hashes=N_PERMUTATIONS, ngram_size=5)
    )
    table = signed.select("id", "signature").to_arrow()
    ids = table["id"].to_numpy()
    values = table["signature"].combine_chunks()
    values = getattr(values, "storage", values).flatten().to_numpy().reshape(-1, N_PERMUTATIONS)
    first: dict[int, int] = {}
    for band in range(N_BANDS):
        part = np.ascontiguousarray(values[:, band * 6 : band * 6 + 6])
        frame = pl.DataFrame({"id": ids, "band": part.view("V24").ravel().tolist()})
        for row, twin in (
            frame.with_columns(first=pl.col("id").min().over("band")).select("id", "first").rows()
        ):
            if twin < row:
                first[row] = min(twin, first.get(row, twin))
    return list(first.items())


TOOLS: dict[str, Callable[[pl.LazyFrame], list[tuple[int, int]]]] = {
    "r1data": ours,
    "daft": daft,
    "rensa": rensa,
    "datasketch": datasketch,
}


def main() -> None:
    """Make the texts, let the tools take turns, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", nargs=2, metavar=("TOOL", "FILE"))
    parser.add_argument("--kind", choices=("en", "zh", "mixed"), default="en")
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--bytes", type=int, default=11_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--from-file", action="store_true", help="reading the Parquet file counts")
    parser.add_argument("--join", action="store_true")
    parser.add_argument("--peers", default="daft,rensa,datasketch")
    given = parser.parse_args()
    if given.run:
        tool, path = given.run[0], Path(given.run[1])
        TOOLS[tool](load(path.with_name("few.parquet"), given.from_file))
        texts = load(path, given.from_file)
        with Timer() as timer:
            removed = TOOLS[tool](texts)
        told = {"removed": removed, "cpu_s": timer.cpu_s, "wall_s": timer.wall_s, "peak_mb": peak_mb()}
        print(json.dumps(told))
        return
    if given.join:
        join(given.rounds)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.parquet"
        write(path, given.kind, given.n, given.bytes)
        write(path.with_name("few.parquet"), given.kind, 30, given.bytes)
        compare(path, ["r1data", *filter(None, given.peers.split(","))], given.rounds, given.from_file)


def join(rounds: int, n_new: int = 20_000, n_stored: int = 500_000) -> None:
    """How long it takes to find the stored traces that share a band with a new one."""
    from r1data.curate.dedup.find import matching
    from r1data.curate.dedup.sign import USUAL

    luck = np.random.default_rng(0)

    def signatures(n: int, name: str) -> pl.DataFrame:
        whole = luck.bytes(8 * USUAL.n_bands * n)
        bands = [whole[at : at + 8 * USUAL.n_bands] for at in range(0, len(whole), 8 * USUAL.n_bands)]
        ids = [f"{name}{row:031x}" for row in range(n)]
        frame = pl.DataFrame(
            {"rollout_id": ids, "bands": bands, "n_bytes": [1] * n, "signature": [b"x" * 512] * n}
        )
        return frame.with_columns(night=pl.lit("2026-01-01"), algorithm=pl.lit("a"))

    stored, new = signatures(n_stored, "s"), signatures(n_new, "n")
    shared = pl.concat([stored["bands"].head(n_new // 40), new["bands"].tail(n_new - n_new // 40)])
    new = new.with_columns(bands=shared)
    with tempfile.TemporaryDirectory() as folder:
        for part in range(25):
            size = n_stored // 25
            stored[part * size : (part + 1) * size].write_parquet(Path(folder) / f"{part}.parquet")
        scan, timers = pl.scan_parquet(f"{folder}/*.parquet"), []
        matching(new, scan, "a", USUAL)
        for _ in range(rounds):
            with Timer() as timer:
                found = matching(new, scan, "a", USUAL)
            timers.append(timer)
    print(f"{n_new:,} new against {n_stored:,} stored: {found.height:,} share a band with a new one")
    cpu, wall = ([getattr(timer, name) for timer in timers] for name in ("cpu_s", "wall_s"))
    print(f"CPU {spread(cpu)} s, wall {spread(wall)} s")


def compare(path: Path, tools: list[str], rounds: int, from_file: bool) -> None:
    """Run the tools in turn and print what came of it."""
    present = [tool for tool in tools if tool == "r1data" or importlib.util.find_spec(tool)]
    for tool in set(tools) - set(present):
        print(f"{tool}: not installed")
    texts = pl.read_parquet(path)
    size = texts["text"].str.len_bytes().sum()
    print(
        f"{texts.height:,} texts, {size / 1e6:,.0f} MB, {texts['planted'].count():,} planted copies",
        flush=True,
    )
    runs: dict[str, list[dict]] = {tool: [] for tool in present}
    for _ in range(rounds):
        for tool in present:
            runs[tool].append(run(tool, path, from_file))
    base = np.median([one["cpu_s"] for one in runs["r1data"]])
    exact = verified(texts)
    for tool, told in runs.items():
        cpu_s = [one["cpu_s"] for one in told]
        middle, peak = np.median(cpu_s), max(one["peak_mb"] for one in told)
        wall = spread([one["wall_s"] for one in told])
        print(f"{tool}: CPU {spread(cpu_s)} s, wall {wall} s, peak {peak:,.0f} MB")
        print(f"    {texts.height / middle:,.0f} texts and {size / 1e6 / middle:,.0f} MB per CPU-second")
        print(f"    {middle / base:.1f} times the CPU of r1data")
        quality(texts, told[0]["removed"], exact)


def load(path: Path, from_file: bool) -> pl.LazyFrame:
    """id and text, in memory or as a scan."""
    texts = pl.scan_parquet(path).select("id", "text")
    return texts if from_file else texts.collect().lazy()


def run(tool: str, path: Path, from_file: bool) -> dict:
    """One run in a process of its own."""
    command = [sys.executable, "-m", "bench.dedup", "--run", tool, str(path)]
    command += ["--from-file"] * from_file
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def verified(texts: pl.DataFrame) -> dict[int, float]:
    """Exact similarity of every planted copy to its original, by id."""
    copies = texts.filter(pl.col("copy_of").is_not_null())
    similar = jaccards(texts, copies["id"].to_numpy(), copies["copy_of"].to_numpy())
    return dict(zip(copies["id"].to_list(), similar.tolist(), strict=True))


def jaccards(texts: pl.DataFrame, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Exact similarity of pairs of rows (ids are row numbers)."""
    from r1data.curate.dedup.compare import similarities
    from r1data.curate.dedup.sign import USUAL

    lengths = texts["text"].str.len_bytes().cast(pl.Int64).to_numpy()
    order = np.argsort(others, kind="stable")
    found = np.empty(len(rows))
    found[order] = similarities(
        others[order],
        rows[order],
        lengths,
        lambda wanted: (wanted, texts["text"].gather(wanted)),
        scheme=USUAL,
        memory_bytes=1 << 33,
    )
    return found


def quality(texts: pl.DataFrame, removed: list[list[int]], exact: dict[int, float]) -> None:
    """Recall by similarity, and how many removals are wrong."""
    gone = {row for row, _ in removed}
    for low, high in ((0.8, 0.85), (0.85, 1.01)):
        wanted = [row for row, value in exact.items() if low <= value < high]
        if wanted:
            share = sum(row in gone for row in wanted) / len(wanted)
            print(f"    recall from {low:g} to {min(high, 1):g}: {share:.3%} of {len(wanted):,}")
    if removed:
        rows, others = np.array(removed).T
        wrong = int((jaccards(texts, rows, others) < THRESHOLD).sum())
        print(f"    precision {1 - wrong / len(rows):.4f}: {wrong:,} of {len(rows):,} removals are wrong")


if __name__ == "__main__":
    main()
