"""Curation at the scale of a corpus: what each stage costs, and whether it finds what was planted.

    python -m bench.curation                          # 8,000 and 80,000 traces (0.2 and 2 GB of text)
    python -m bench.curation --rows 8000 --stages language,readability

Every stage is the asset that a night runs, on a lake of `bench.corpus_shaped`, in a process of its own, so
that its peak memory is its own. Seconds are those of the asset alone; memory is all that the process took,
Dagster among it. MB are of the night's text, whatever of it a stage reads.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from bench.corpus_shaped import NIGHT, RECIPE, RECIPE_FILE, make
from bench.measure import Timer, peak_mb
from r1data.lake import Lake
from r1data.lake.query import fetch

ASSETS = ("language", "readability", "pii", "selected", "corpus")
STAGES = (*ASSETS, "mix", "export")
MIX = "r1"


def run_asset(name: str, folder: Path) -> Timer:
    """Materialise one asset of the night; its time is that of the run."""
    import dagster as dg

    from assets import curation
    from assets.resources import LakeResource, RecipeResource

    resources = {
        "lake": LakeResource(root=str(folder / "lake")),
        "recipe": RecipeResource(path=str(RECIPE_FILE)),
    }
    with dg.DagsterInstance.ephemeral() as instance, Timer() as timer:
        asset = getattr(curation, name)
        dg.materialize([asset], partition_key=NIGHT, resources=resources, instance=instance)
    return timer


def run_mix(folder: Path) -> Timer:
    """Read a mix to its end."""
    from r1data.train.mix import load_mix, open_mix

    with Timer() as timer, open_mix(Lake(folder / "lake"), load_mix(MIX), recipe=RECIPE.name) as rows:
        n_rows = sum(batch.height for batch in rows.batches)
    assert n_rows == rows.n_rows > 0
    return timer


def run_export(folder: Path) -> Timer:
    """Write the mix as prompts and completions for TRL; marks of personal data are enforced."""
    from r1data.train.exports.make import export_mix

    with Timer() as timer:
        made = export_mix(Lake(folder / "lake"), MIX, form="trl", recipe=RECIPE, folder=folder / "exports")
    assert made.n_rows > 0
    print(f"{made.n_rows:,} traces exported; left out: {dict(made.dropped)}", file=sys.stderr)
    return timer


def run_stage(name: str, folder: Path) -> dict[str, float]:
    """One stage in this process: wall_s, cpu_s, peak_mb."""
    others: dict[str, Callable[[Path], Timer]] = {"mix": run_mix, "export": run_export}
    timer = others[name](folder) if name in others else run_asset(name, folder)
    return {"wall_s": timer.wall_s, "cpu_s": timer.cpu_s, "peak_mb": peak_mb()}


def measured(name: str, folder: Path) -> dict[str, float]:
    """The numbers of a stage in a process of its own."""
    command = [sys.executable, "-m", "bench.curation", "--one", name, "--folder", str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    numbers: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return numbers


def check(folder: Path) -> list[str]:
    """What selection made of what was planted: sentences that say what is wrong; none when all is right."""
    lake, wrong = Lake(folder / "lake"), []
    planted = pl.read_parquet(folder / "planted.parquet")
    chosen = lake.scan("selected", NIGHT).select("rollout_id", "stage", "reasons", "accepted").collect()
    rows = planted.rename({"reasons": "wanted"}).join(chosen, on="rollout_id", how="left")
    beyond = pl.col("reasons").list.eval(pl.element() == "selection:beyond_keep_per_prompt").list.all()
    at_stage = pl.col("stage") == pl.col("wanted").list.first().str.split(":").list.first()
    named = (pl.col("reasons").list.set_intersection("wanted").list.len() > 0) & at_stage
    # A copy whose original is beyond what its prompt keeps is no copy of anything that is kept.
    expected = pl.col("wanted").list.len() > 0
    either = pl.when(pl.col("defect") == "near_duplicate").then(named | beyond).otherwise(named)
    right = pl.when(expected).then(either).otherwise(beyond)
    told = (
        rows.with_columns(right=right).group_by("defect").agg(planted=pl.len(), right=pl.col("right").sum())
    )
    with pl.Config(tbl_rows=-1, tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True):
        print(told.with_columns(pl.col("defect").fill_null("none")).sort("planted", descending=True))
    odd = rows.with_columns(right=right).filter(~pl.col("right"))
    for defect, reasons in odd.select("defect", "reasons").unique(maintain_order=True).head(20).rows():
        n = odd.filter(pl.col("defect").eq_missing(defect), pl.col("reasons") == reasons).height
        wrong.append(f"{n} × {defect or 'none'}: {', '.join(reasons) or 'accepted'}")
    return wrong + _check_prompts(rows) + _check_funnel(lake, chosen)


def check_pii(folder: Path) -> list[str]:
    """Whether personal data is marked where it was planted, and nowhere else."""
    planted = pl.read_parquet(folder / "planted.parquet").filter(defect="pii")["rollout_id"]
    rows = Lake(folder / "lake").scan("pii", NIGHT).filter(pl.col("n_marks") > 0)
    marked = rows.select("subject_id").collect()["subject_id"]
    missed, false = len(set(planted) - set(marked)), len(set(marked) - set(planted))
    print(f"personal data: {len(planted):,} planted, {missed:,} missed, {false:,} marked elsewhere")
    return [f"personal data: {missed} missed, {false} marked elsewhere"] if missed or false else []


def _check_prompts(rows: pl.DataFrame) -> list[str]:
    """Every prompt keeps as many traces as are good, up to what the recipe lets it keep."""
    good = pl.col("wanted").list.len() == 0
    by_prompt = rows.group_by("prompt_id").agg(good=good.sum(), kept=pl.col("accepted").sum())
    due = pl.min_horizontal("good", RECIPE.select.keep_per_prompt)
    lost = by_prompt.filter(pl.col("kept") != due).height
    return [f"{lost} prompts keep another number of traces than they should"] if lost else []


def _check_funnel(lake: Lake, chosen: pl.DataFrame) -> list[str]:
    """The funnel begins with all rollouts, loses none between stages, and ends with the accepted ones."""
    query = "select entered, dropped, remaining from funnel where recipe = $recipe order by position"
    stages = fetch(lake, query, {"recipe": RECIPE.name})
    entered = [chosen.height, *stages["remaining"].to_list()]
    added_up = (
        stages["entered"].to_list() == entered[:-1]
        and (stages["entered"] - stages["dropped"]).to_list() == entered[1:]
        and entered[-1] == chosen["accepted"].sum()
    )
    print("funnel:", " → ".join(f"{n:,}" for n in entered))
    return [] if added_up else [f"the funnel does not add up: {stages.rows()}"]


def run(rows: int, stages: list[str], folder: Path, seed: int) -> dict[str, dict[str, float]]:
    """Make a lake if there is none, and measure stages on it."""
    lake = Lake(folder / "lake")
    if not (folder / "planted.parquet").exists():
        make(lake, rows, seed).write_parquet(folder / "planted.parquet")
    size = pl.col("completion").str.len_bytes().sum()
    mb = lake.scan("rollouts").select(size).collect(engine="streaming").item() / 1e6
    print(f"\n{rows:,} traces, {mb:,.0f} MB of text", flush=True)
    found = {}
    for stage in stages:
        found[stage] = one = measured(stage, folder) | {"mb": mb}
        rate, per_cpu = mb / one["wall_s"], mb / one["cpu_s"]
        print(
            f"{stage:>12}: {rate:>8,.1f} MB/s · {one['wall_s']:>7,.1f} s · {one['cpu_s']:>7,.1f} CPU-s · "
            f"{per_cpu:>7,.1f} MB per CPU-s · peak {one['peak_mb']:>6,.0f} MB",
            flush=True,
        )
    if "selected" in stages:
        wrong = check(folder) + (check_pii(folder) if "pii" in stages else [])
        print("\n".join(wrong) or "every planted defect was found, and nothing else")
    return found


def exponent(small: dict[str, float], large: dict[str, float]) -> float:
    """How CPU seconds grow with text: 1 is in proportion."""
    return math.log(large["cpu_s"] / small["cpu_s"]) / math.log(large["mb"] / small["mb"])


def main() -> None:
    """Print a table per size, and the growth between the first and the last."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, nargs="+", default=[8_000, 80_000])
    options.add_argument("--stages", default=",".join(STAGES))
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--folder", type=Path, help="keep the lakes here, one folder per size")
    options.add_argument("--one", help="what the process of its own is given")
    given = options.parse_args()
    if given.one:
        print(json.dumps(run_stage(given.one, given.folder)))
        return
    stages: list[str] = given.stages.split(",")
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as temporary:
        for rows in given.rows:
            folder = (given.folder or Path(temporary)) / str(rows)
            folder.mkdir(parents=True, exist_ok=True)
            results.append(run(rows, stages, folder, given.seed))
    if len(results) > 1:
        grown = {stage: exponent(results[0][stage], results[-1][stage]) for stage in stages}
        print(
            "\ngrowth exponents of CPU seconds:", {stage: round(value, 3) for stage, value in grown.items()}
        )


if __name__ == "__main__":
    main()
