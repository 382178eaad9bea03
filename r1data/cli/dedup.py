"""Verb dedup: near-duplicate removal as a tool of its own, on any files."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import polars as pl
import typer

from r1data.cli.files import check_files, scan, together, write
from r1data.cli.options import Json
from r1data.errors import ConfigError
from r1data.report import show

if TYPE_CHECKING:
    from r1data.curate.dedup import Deduplicated
    from r1data.curate.dedup.sign import Scheme

ROW = "r1data_row"
"""Column that numbers the documents while the verb works."""
SAMPLE_ROWS = 20_000
"""First texts in which boilerplate is looked for."""
KEEP = {"first": 0, "shortest": 1, "longest": -1}


def add(app: typer.Typer) -> None:
    """Add the verb of this file."""
    app.command()(dedup)


def dedup(
    files: Annotated[list[Path], typer.Argument(help="Parquet, JSONL or CSV files, read in this order.")],
    text: Annotated[str, typer.Option(help="The column of texts.")],
    out: Annotated[Path | None, typer.Option(help="Where kept rows go: .parquet or .jsonl.")] = None,
    evidence: Annotated[
        Path | None, typer.Option(help="Where dropped texts go, beside those that they repeat.")
    ] = None,
    threshold: Annotated[float, typer.Option(min=0.05, max=1, help="Least exact Jaccard similarity.")] = 0.8,
    keep: Annotated[str, typer.Option(help="Which copy: first, shortest or longest.")] = "first",
    scope: Annotated[str | None, typer.Option(help="Compare within equal values of this column.")] = None,
    min_shingles: Annotated[
        int, typer.Option(min=1, help="Texts with fewer runs of five words are compared as a whole only.")
    ] = 1,
    boilerplate: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Ignore runs of five words that more than this share of texts have."),
    ] = None,
    memory_mb: Annotated[int, typer.Option(min=1, help="Texts held at once while pairs are compared.")] = 512,
    threads: Annotated[int | None, typer.Option(min=1, help="As many as cores without it.")] = None,
    json: Json = False,
) -> None:
    """Drop texts that nearly repeat a kept one; every drop is checked exactly and told with its reason."""
    from r1data.curate.dedup import deduplicate

    if keep not in KEEP:
        raise ConfigError(f"--keep {keep} is none of {', '.join(KEEP)}.")
    documents = _documents(files, out, evidence)
    prefer = KEEP[keep] * pl.col(text).str.len_bytes().cast(pl.Int64) if KEEP[keep] else None
    scheme = _scheme(documents, text, threshold, boilerplate)
    began, cpu_s = time.monotonic(), time.process_time()
    with _Bar() as bar:
        found = deduplicate(
            documents, id=ROW, text=text, scope=scope, prefer=prefer, scheme=scheme, threshold=threshold,
            min_shingles=min_shingles, memory_bytes=memory_mb << 20, threads=threads, progress=bar,
        )  # fmt: skip
    spent = (time.monotonic() - began, time.process_time() - cpu_s)
    kept = found.rows.lazy().filter("kept").select(pl.col("id").alias(ROW))
    if out:
        write(documents.join(kept, on=ROW, how="semi", maintain_order="left").drop(ROW), out)
    if evidence:
        write(_evidence(documents, found, text), evidence)
    show.frame(_summary(found, spent), as_json=json)


def _documents(files: list[Path], *outputs: Path | None) -> pl.LazyFrame:
    """All rows of the files, numbered.

    Raises:
        ConfigError: a file is missing, of an unknown kind, or would be overwritten; or the files' columns do
            not go together.
    """
    check_files(files, outputs)
    return together(files, [scan(file) for file in files]).with_row_index(ROW)


def _scheme(documents: pl.LazyFrame, text: str, threshold: float, boilerplate: float | None) -> "Scheme":
    """What fits the threshold, without the shingles that many of the first texts have."""
    from r1data.curate.dedup.boilerplate import common
    from r1data.curate.dedup.sign import Scheme

    if boilerplate is None or text not in documents.collect_schema():
        return Scheme.for_threshold(threshold)
    sample = documents.select(text).head(SAMPLE_ROWS).collect()[text]
    return Scheme.for_threshold(threshold, ignored=common(sample, boilerplate))


def _evidence(documents: pl.LazyFrame, found: "Deduplicated", text: str) -> pl.LazyFrame:
    """row, survivor_row, jaccard, cluster_row, and both texts of every dropped document."""
    dropped = found.rows.lazy().filter(~pl.col("kept"))
    texts = documents.select(ROW, text)
    both = dropped.join(texts.rename({ROW: "id", text: "text"}), on="id", maintain_order="left")
    survivors = texts.rename({ROW: "survivor_id", text: "survivor_text"})
    both = both.join(survivors, on="survivor_id", maintain_order="left")
    names = {"id": "row", "survivor_id": "survivor_row", "cluster_id": "cluster_row"}
    return both.drop("kept").rename(names)


def _summary(found: "Deduplicated", spent: tuple[float, float]) -> pl.DataFrame:
    n, n_kept = found.rows.height, found.rows["kept"].sum()
    told = {
        "documents": n,
        "kept": n_kept,
        "exact copies": found.n_exact,
        "near-duplicates": n - n_kept - found.n_exact,
        "pairs compared": found.n_candidates,
        "deferred band hashes": found.deferred.height,
        "megabytes": round(found.n_bytes / 1e6, 1),
        "seconds": round(spent[0], 2),
        "CPU-seconds": round(spent[1], 2),
    }
    return pl.DataFrame([{name.replace(" ", "_").replace("-", "_"): value for name, value in told.items()}])


class _Bar:
    """How many documents and pairs are done, on a terminal; a context manager."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn()
        self._bar = Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
        self._tasks = {stage: self._bar.add_task(stage, total=None) for stage in ("signed", "compared")}

    def __enter__(self) -> "_Bar":
        self._bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._bar.stop()

    def __call__(self, stage: str, n: int) -> None:
        self._bar.update(self._tasks[stage], completed=n)
