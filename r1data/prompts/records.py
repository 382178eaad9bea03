"""Records of files: JSONL and CSV, also gzipped, and Parquet, each with its place for errors to name.

Places are 1-based lines for JSONL and CSV, and 0-based rows for Parquet.
"""

import codecs
import csv
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from r1data.errors import ConfigError, InputError, first_line
from r1data.text import nearest

FIELD_CHARS = 1 << 27
"""A longer field of a CSV file is no field but a quote that nobody closed."""
LONG = re.compile(r"\d{19}")
"""A whole number so long may have more than 64 bits, of which `orjson` makes a float."""
PARQUET_ROWS = 5000
"""Rows of a Parquet file that are in memory at once."""

Record = tuple[str, dict[str, Any]]
"""A place, such as `line 3`, and the columns found there."""


def files_in(given: str | None, *, owner: str) -> list[Path]:
    """The one file, or the files of a folder that are not hidden, in the order of their names.

    Args:
        given: what the recipe says.
        owner: the part of the recipe that says it, for errors.

    Raises:
        ConfigError: nothing was given.
        InputError: there is no such file or folder, or the folder holds nothing that can be read.
    """
    if not given:
        raise ConfigError(f"`{owner}` has no `path`. Give a file or a folder.")
    path = Path(given).expanduser().absolute()
    if path.is_file():
        return [path]
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder. It is the `path` of `{owner}`.")
    ours = (file for file in path.rglob("*") if file.name.endswith(tuple(READERS)) and not hidden(file, path))
    found = sorted(file for file in ours if file.is_file())
    if not found:
        raise InputError(f"{path}: no file in this folder ends in {', '.join(READERS)}.")
    return found


def hidden(file: Path, folder: Path) -> bool:
    """Whether a file's name, or that of a folder on the way to it from `folder`, begins with a dot."""
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def check_columns(files: list[Path], columns: Mapping[str, str], *, owner: str) -> None:
    """Compare a map from our columns to theirs with the first record of every file.

    Raises:
        ConfigError: a file lacks a column; names the nearest.
    """
    for path in files:
        _, record = next(records(path, []), (None, None))
        for ours, theirs in columns.items():
            if record is not None and theirs not in record:
                raise ConfigError(
                    f"`columns.{ours}` of `{owner}`: {path} has no column {nearest(theirs, record)}"
                )


def records(path: Path, columns: list[str]) -> Iterator[Record]:
    """Stream the records of one file, in order; of a Parquet file only `columns`, where it has them.

    Raises:
        InputError: the file or a line of it cannot be read; the message names both.
    """
    for suffix, read in READERS.items():
        if path.name.endswith(suffix):
            return read(path, columns)
    raise InputError(f"{path}: files end in {', '.join(READERS)}.")


def _jsonl(path: Path, columns: list[str]) -> Iterator[Record]:
    for number, line in _lines(path):
        if not line.strip():
            continue
        try:
            record = orjson.loads(line)
            if LONG.search(line):
                record = json.loads(line)
        except orjson.JSONDecodeError as error:
            raise InputError(
                f"{path}, line {number}: not JSON ({error.msg}). Mend or remove the line."
            ) from error
        if not isinstance(record, dict):
            raise InputError(
                f'{path}, line {number}: not a JSON object. Each line is one, such as {{"prompt": …}}.'
            )
        yield f"line {number}", record


def _csv(path: Path, columns: list[str]) -> Iterator[Record]:
    csv.field_size_limit(FIELD_CHARS)  # of the whole process; the default refuses prompts over 131,072
    rows = csv.reader((line for _, line in _lines(path)), strict=True)
    try:
        header = next(rows, [])
        begin = rows.line_num + 1
        for row in rows:
            if row and len(row) != len(header):
                raise InputError(
                    f"{path}, line {begin}: {len(row)} fields, but the header has {len(header)}."
                )
            if row:
                yield f"line {begin}", dict(zip(header, row, strict=True))
            begin = rows.line_num + 1
    except csv.Error as error:
        raise InputError(f"{path}, line {rows.line_num}: not CSV ({error}). Mend the line.") from error


def _parquet(path: Path, columns: list[str]) -> Iterator[Record]:
    try:
        scan = pl.scan_parquet(path, glob=False)
        scan = scan.select([name for name in scan.collect_schema().names() if name in columns] or pl.all())
        n_rows = scan.select(pl.len()).collect().item()
        for start in range(0, n_rows, PARQUET_ROWS):
            rows = scan.slice(start, PARQUET_ROWS).collect().iter_rows(named=True)
            yield from ((f"row {number}", row) for number, row in enumerate(rows, start))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise InputError(
            f"{path}: not readable as Parquet ({first_line(error)}). Write the file again."
        ) from error


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines of a text file, line ends included."""
    number = 0
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, 1):
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        place = f"{path}, line {number}, byte {error.start + 1}"
        utf_16 = number == 1 and error.object.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        raise InputError(
            f"{place}: {'UTF-16, ' if utf_16 else ''}not UTF-8. Convert the file, such as by iconv."
        ) from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"{path}, after line {number}: broken or cut gzip ({error}). Copy it again."
        ) from error
    except OSError as error:
        raise InputError(f"{path}: not readable ({error.strerror}).") from error


READERS: dict[str, Callable[[Path, list[str]], Iterator[Record]]] = {
    ".jsonl": _jsonl,
    ".jsonl.gz": _jsonl,
    ".csv": _csv,
    ".csv.gz": _csv,
    ".parquet": _parquet,
}
"""Readers by the end of the file's name."""
