"""The spool of a file that is replayed: its completions, checked and sorted by prompt, as Parquet.

Requests come sorted by prompt, so each look into the spool reads a few row groups, whatever the file's order.
It is sorted in two passes, since a file may be larger than memory: runs that are sorted for themselves, then
every range of prompt ids collected from all runs. Prompt ids are hashes, so ranges are equally full.

What this does not protect against: the completions of one single prompt must fit into memory.
"""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import polars as pl
import xxhash
from filelock import FileLock

from r1data import paths
from r1data.errors import InputError
from r1data.generate.engines.replay.rows import OWNER, ReplayRow, check_map, replay_rows
from r1data.ids import digest
from r1data.prompts.records import files_in
from r1data.recipe import ReplaySettings

RUN_CHARS = 2**27
"""Characters of completions that are sorted in memory at once."""
ROW_GROUP_ROWS = 512
SPOOL = pl.Schema(
    {
        "prompt_id": pl.String,
        "index": pl.Int32,
        "completion": pl.String,
        "finish_reason": pl.String,
        "detail": pl.String,
        "prompt_tokens": pl.Int64,
        "completion_tokens": pl.Int64,
    }
)
_VERSION = 1
_KEY = ["prompt_id", "index"]


def spool(settings: ReplaySettings) -> pl.LazyFrame:
    """The completions of the files, by prompt_id and index: schema SPOOL.

    The spool is made once for a file as it is, under `replay` in the home folder; that of an older content
    of the same file is removed. The folder may be deleted whenever nothing is replayed.

    Raises:
        ConfigError: the map cannot work, or a file lacks a column.
        InputError: a file or row cannot be used, or the content is not that of `digest`; names the file.
    """
    folder = _folder(settings)
    content = folder.name.rpartition("-")[2]
    if settings.digest and settings.digest != content:
        raise InputError(
            f"{settings.path}: its content is {content}, not {settings.digest} as `{OWNER}.digest` says: it "
            "has changed. Import it under another name, so that its completions get another teacher."
        )
    return pl.scan_parquet(sorted(folder.glob("*.parquet")), schema=SPOOL)


def content_digest(settings: ReplaySettings) -> str:
    """Hash of what stands in the files, whatever their names; the spool is made if it has to be."""
    return _folder(settings).name.rpartition("-")[2]


def _folder(settings: ReplaySettings) -> Path:
    """The folder of sorted files, named by the state of the source and by its content; made if missing."""
    check_map(settings)
    files = files_in(settings.path, owner=OWNER)
    asked = digest(_VERSION, [str(file) for file in files], settings.columns, settings.prompt_suffix)
    parent = paths.home() / "replay" / asked[:16]
    parent.mkdir(parents=True, exist_ok=True)
    with FileLock(parent / "lock"):
        before = _state(files)
        if found := next(parent.glob(f"{before}-*"), None):
            return found
        for old in parent.glob("*/"):  # another content of the file, or a spool that was never finished
            shutil.rmtree(old)
        made = _make(settings, parent / "unfinished")
        content = _content(files)
        if _state(files) != before:
            shutil.rmtree(made)
            raise InputError(f"{settings.path}: it changed while it was read. Run again when it is at rest.")
        return made.rename(parent / f"{before}-{content}")


def _state(files: list[Path]) -> str:
    return digest([(file.stat().st_size, file.stat().st_mtime_ns) for file in files])[:16]


def _content(files: list[Path]) -> str:
    hasher = xxhash.xxh3_128()
    for file in files:
        hasher.update(file.stat().st_size.to_bytes(8, "little"))
        with file.open("rb") as stream:
            while block := stream.read(1 << 22):
                hasher.update(block)
    return hasher.hexdigest()


def _make(settings: ReplaySettings, folder: Path) -> Path:
    """Sort the rows of the files into `folder`; a row that cannot be used leaves nothing there."""
    runs = folder / "runs"
    runs.mkdir(parents=True)
    try:
        n_runs = 0
        for n_runs, rows in enumerate(_batches(replay_rows(settings)), 1):
            _write(pl.DataFrame([asdict(row) for row in rows], schema=SPOOL), runs / f"{n_runs:06}.parquet")
        for number, (first, before) in enumerate(_ranges(n_runs)):
            mine = pl.scan_parquet(sorted(runs.glob("*.parquet"))).filter(pl.col("prompt_id") >= first)
            mine = mine.filter(pl.col("prompt_id") < before) if before else mine
            _write(mine.collect(), folder / f"{number:06}.parquet")
    except BaseException:
        shutil.rmtree(folder)
        raise
    shutil.rmtree(runs)
    return folder


def _batches(rows: Iterable[ReplayRow]) -> Iterator[list[ReplayRow]]:
    """Rows in lists of about RUN_CHARS characters."""
    batch: list[ReplayRow] = []
    chars = 0
    for row in rows:
        batch.append(row)
        chars += len(row.completion)
        if chars >= RUN_CHARS:
            yield batch
            batch, chars = [], 0
    if batch:
        yield batch


def _ranges(n: int) -> list[tuple[str, str | None]]:
    """`n` ranges of prompt ids: the first of each, and the first of the next."""
    starts = [f"{(number << 32) // n:08x}" for number in range(n)]
    return list(zip(starts, [*starts[1:], None], strict=True))


def _write(rows: pl.DataFrame, path: Path) -> None:
    rows.sort(_KEY).write_parquet(path, compression="zstd", row_group_size=ROW_GROUP_ROWS)
