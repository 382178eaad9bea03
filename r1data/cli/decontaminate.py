"""Verb decontaminate: mark texts that hold benchmark items, as a tool of its own, on any files."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import polars as pl
import typer
from typer.core import TyperCommand

from r1data.cli import files as on_disk
from r1data.cli.options import Json
from r1data.errors import ConfigError, InputError
from r1data.report import show
from r1data.text import nearest

if TYPE_CHECKING:
    from r1data.curate.decontaminate import Hit, Index
    from r1data.recipe import Contamination

FILE, ROW, TEXT = "r1data_file", "r1data_row", "r1data_text"
"""Columns that the verb adds while it works: number of the file, row in it from 0, text."""
COLUMNS = ("text", "prompt", "question", "problem", "input")
"""Columns that are looked for, in this order, when --text names none."""
MATCHED_CHARS = 2_000
EVIDENCE = {
    "file": pl.String, "row": pl.Int64, "benchmark": pl.String, "item_row": pl.Int64, "method": pl.String,
    "similarity": pl.Float64, "offset_chars": pl.Int64, "length_chars": pl.Int64, "matched": pl.String,
    "item": pl.String,
}  # fmt: skip


class _Command(TyperCommand):
    """Takes several files after one --against, as a shell's wildcards give them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        spread, within = [], False
        for word in args:
            if word.startswith("-"):
                within = word == "--against" or word.startswith("--against=")
                spread += [] if word == "--against" else [word]
            else:
                spread += ["--against", word] if within else [word]
                # a value ends every other option, and files may follow it
        return super().parse_args(ctx, spread)


def add(app: typer.Typer) -> None:
    """Add the verb of this file."""
    app.command(cls=_Command)(decontaminate)


def decontaminate(
    files: Annotated[list[Path], typer.Argument(help="Parquet, JSONL or CSV files of texts; also .gz.")],
    against: Annotated[list[Path], typer.Option(help="Files of benchmark items, one or more.")],
    text: Annotated[
        str | None,
        typer.Option(help="The column of texts, where files have it; else text, prompt, question …"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where clean rows go: .parquet or .jsonl.")] = None,
    evidence: Annotated[Path | None, typer.Option(help="Where hits go, beside their items.")] = None,
    ngram: Annotated[int, typer.Option(min=3, help="Shared run of words that makes a hit.")] = 10,
    similarity: Annotated[float, typer.Option(min=0.05, max=1, help="Least indel similarity.")] = 0.75,
    threads: Annotated[int | None, typer.Option(min=1, help="As many as cores without it.")] = None,
    json: Json = False,
) -> None:
    """Find texts that hold benchmark items: word for word, in other formats, or nearly; numbers decide."""
    from r1data.recipe import Contamination

    _check(files, against, out, evidence)
    items = _items(against, text)
    rows = [_rows(number, file, text) for number, file in enumerate(files)]
    if out:
        whole = on_disk.together(files, rows)  # before the comparison, which may take hours
    settings = Contamination(ngram_words=ngram, similarity=similarity)
    began, cpu_s = time.monotonic(), time.process_time()
    n, found = _compare(files, rows, items, settings, threads)
    spent = time.monotonic() - began, time.process_time() - cpu_s
    if evidence:
        told = {number: str(file) for number, file in enumerate(files)}
        named = found.with_columns(pl.col("file").cast(pl.Int64).replace_strict(told, return_dtype=pl.String))
        on_disk.write(named.lazy(), evidence)
    if out:
        hit = found.lazy().select(pl.col("file").cast(pl.Int64).alias(FILE), pl.col("row").alias(ROW))
        clean = whole.join(hit, on=[FILE, ROW], how="anti", maintain_order="left")
        on_disk.write(clean.drop(FILE, ROW, TEXT), out)
    show.frame(_summary(n, items.height, found, spent), as_json=json)


def _check(files: list[Path], against: list[Path], out: Path | None, evidence: Path | None) -> None:
    """Raise ConfigError if files are missing, of another kind, overwritten, or named twice."""
    on_disk.check_files([*files, *against], [out, evidence])
    if out and evidence and out.resolve() == evidence.resolve():
        raise ConfigError(f"{out} is named by --out and by --evidence. Write to two files.")
    for some, where in ((files, "FILES"), (against, "--against")):
        seen: dict[Path, Path] = {}
        for file in some:
            first = seen.setdefault(file.resolve(), file)
            if first is not file:
                raise ConfigError(f"{file} is named twice in {where}, first as {first}. Name it once.")
    for file in files:
        for other in against:
            if file.samefile(other):
                raise ConfigError(
                    f"{file} is compared with itself: --against names it, too, as {other}. Give benchmarks "
                    "and texts in files of their own."
                )


def _rows(number: int, file: Path, text: str | None) -> pl.LazyFrame:
    """All columns of a file, its number, the numbers of its rows, and their texts."""
    frame = on_disk.scan(file)
    schema = frame.collect_schema()
    wanted = [text] if text else COLUMNS
    column = next((name for name in wanted if name in schema), None)
    if column is None:
        missing = f"no column {nearest(text, schema)}" if text else f"none of {', '.join(COLUMNS)}"
        raise ConfigError(
            f"{file} has {missing} Name its column of texts with --text; it has {list(schema)}."
        )
    if schema[column] != pl.String:
        raise ConfigError(
            f"Column {column} of {file} holds {schema[column]}, not texts. Name another: --text."
        )
    numbered = frame.with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64))
    return numbered.with_columns(pl.lit(number, pl.Int64).alias(FILE), pl.col(column).alias(TEXT))


def _items(against: list[Path], text: str | None) -> pl.DataFrame:
    """Items of all benchmarks: benchmark (the file), item_id (the row), text."""
    parts = []
    for number, file in enumerate(against):
        columns = {"benchmark": pl.lit(str(file)), "item_id": pl.col(ROW).cast(pl.String), "text": TEXT}
        try:
            # The items' column may have another name than the texts'.
            named = text if text and text in on_disk.scan(file).collect_schema() else None
            items = _rows(number, file, named).select(**columns).collect()
        except pl.exceptions.PolarsError as error:
            raise on_disk.unreadable(file, error) from error
        parts.append(items.filter(pl.col("text").str.strip_chars() != ""))
        if not parts[-1].height:
            raise InputError(f"{file} holds no benchmark item: every text is empty. Give a file with items.")
    return pl.concat(parts)


def _compare(
    files: list[Path],
    rows: list[pl.LazyFrame],
    items: pl.DataFrame,
    settings: "Contamination",
    threads: int | None,
) -> tuple[int, pl.DataFrame]:
    """How many texts there are, and their hits; files are read in batches.

    Raises:
        InputError: a file cannot be read to its end, or there is no text at all.
    """
    from r1data.curate.decontaminate import Index
    from r1data.curate.decontaminate.facts import compared

    index, n, found = Index(items), 0, [pl.DataFrame(schema=EVIDENCE)]
    with _Bar() as bar:
        for file, frame in zip(files, rows, strict=True):
            texts = frame.select(FILE, ROW, text=TEXT)
            try:
                for batch, hits in compared(texts, index, settings, threads=threads):
                    n += batch["text"].str.strip_chars().ne("").sum()
                    found.append(_evidence(batch, hits, index))
                    bar.told(n)
            except pl.exceptions.PolarsError as error:
                raise on_disk.unreadable(file, error) from error
    if not n:
        raise InputError(f"{', '.join(map(str, files))}: there is no text to compare; every row is empty.")
    return n, pl.concat(found)


def _evidence(batch: pl.DataFrame, hits: dict[int, "Hit"], index: "Index") -> pl.DataFrame:
    """A row per hit: where it is, its item, the stage, and both texts; `file` is the file's number."""
    told = []
    for row, hit in sorted(hits.items()):
        number, place, text = batch.row(row)
        benchmark, item_id, item = index.rows.row(hit.item)
        matched = text[hit.offset_chars : hit.offset_chars + min(hit.length_chars, MATCHED_CHARS)]
        place_and_item = (str(number), place, benchmark, int(item_id))
        told.append(
            (*place_and_item, hit.method, hit.similarity, hit.offset_chars, hit.length_chars, matched, item)
        )
    return pl.DataFrame(told, schema=EVIDENCE, orient="row")


def _summary(n: int, n_items: int, found: pl.DataFrame, spent: tuple[float, float]) -> pl.DataFrame:
    stages = {stage: found.filter(method=stage).height for stage in ("exact", "ngram", "fuzzy")}
    told = {"texts": n, "items": n_items, "contaminated": found.height, **stages}
    seconds, cpu_s = spent
    return pl.DataFrame(
        [{**told, "leaked_items": found.select("benchmark", "item_row").n_unique() if found.height else 0,
          "seconds": round(seconds, 2), "CPU_seconds": round(cpu_s, 2), "texts_per_s": round(n / seconds)}]
    )  # fmt: skip


class _Bar:
    """How many texts are compared, on a terminal; a context manager."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = SpinnerColumn(), TextColumn("compared"), MofNCompleteColumn(), TimeElapsedColumn()
        self._bar = Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
        self._task = self._bar.add_task("compared", total=None)

    def __enter__(self) -> "_Bar":
        self._bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._bar.stop()

    def told(self, n: int) -> None:
        """Show that n texts are done."""
        self._bar.update(self._task, completed=n)
