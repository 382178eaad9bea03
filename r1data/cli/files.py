"""Files that verbs read and write: Parquet, JSONL (also gzipped) and CSV in; Parquet and JSONL out."""

from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl

from r1data.errors import ConfigError, InputError

READERS: dict[str, Callable[[Path], pl.LazyFrame]] = {
    ".parquet": lambda path: pl.scan_parquet(path, glob=False),
    ".jsonl": lambda path: pl.scan_ndjson(path, infer_schema_length=None),
    ".jsonl.gz": lambda path: pl.scan_ndjson(path, infer_schema_length=None),
    ".ndjson": lambda path: pl.scan_ndjson(path, infer_schema_length=None),
    ".csv": lambda path: pl.scan_csv(path, glob=False),
    ".csv.gz": lambda path: pl.scan_csv(path, glob=False),
}
OUTPUTS = (".parquet", ".jsonl")


def check_files(files: Iterable[Path], outputs: Iterable[Path | None]) -> None:
    """Compare names before any work.

    Raises:
        ConfigError: a file is missing, of an unknown kind, or would be overwritten.
    """
    written = [output for output in outputs if output]
    for file in files:
        if not file.is_file():
            raise ConfigError(f"{file} is no file.")
        if not file.name.endswith(tuple(READERS)):
            raise ConfigError(f"{file} is none of {', '.join(READERS)}.")
        if any(output.resolve() == file.resolve() for output in written):
            raise ConfigError(f"{file} would be overwritten. Write to another file.")
    for output in written:
        if output.suffix not in OUTPUTS:
            raise ConfigError(f"{output} is neither {' nor '.join(OUTPUTS)}.")


def scan(file: Path) -> pl.LazyFrame:
    """The rows of a file, read as they are needed.

    Raises:
        InputError: what it begins with cannot be read.
    """
    ending = next(ending for ending in READERS if file.name.endswith(ending))
    try:
        frame = READERS[ending](file)
        frame.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(file, error) from error
    return frame


def unreadable(file: Path, error: Exception) -> InputError:
    """The error for a file whose bytes are not what its name says, or not UTF-8."""
    why = str(error).splitlines()[0] if str(error) else type(error).__name__
    return InputError(f"{file} cannot be read: {why}. Mend or convert it to UTF-8 and repeat.")


def write(rows: pl.LazyFrame, path: Path) -> None:
    """A file that appears when it is whole."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        if path.suffix == ".parquet":
            rows.sink_parquet(unfinished)
        else:
            rows.sink_ndjson(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
