"""Files that verbs read and write: Parquet, JSONL (also gzipped) and CSV in; Parquet and JSONL out."""

import codecs
import glob
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl

from r1data.errors import ConfigError, InputError, StorageError, first_line


def _csv(path: Path) -> pl.LazyFrame:
    # Every column is text: a number would lose what its column does not hold, such as the zeros of 00123.
    return pl.scan_csv(path, glob=False, infer_schema=False)


def _jsonl(path: Path) -> pl.LazyFrame:
    # This reader always takes a name for a pattern.
    return pl.scan_ndjson(glob.escape(str(path)), infer_schema_length=None)


READERS: dict[str, Callable[[Path], pl.LazyFrame]] = {
    ".parquet": lambda path: pl.scan_parquet(path, glob=False),
    ".jsonl": _jsonl,
    ".jsonl.gz": _jsonl,
    ".ndjson": _jsonl,
    ".csv": _csv,
    ".csv.gz": _csv,
}
OUTPUTS = (".parquet", ".jsonl")


def check_files(files: Iterable[Path], outputs: Iterable[Path | None]) -> None:
    """Compare names before any work.

    Raises:
        ConfigError: a file is missing, of an unknown kind, or would be overwritten; or what is written has
            no folder.
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
        if not output.parent.is_dir():
            raise ConfigError(f"{output.parent} is no folder. Make it, or write {output.name} elsewhere.")


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


def together(files: list[Path], frames: list[pl.LazyFrame]) -> pl.LazyFrame:
    """The rows of all files, one after the other; a column that a file lacks is null there.

    Raises:
        ConfigError: a column is of kinds that do not go together; told before any row is read.
    """
    schemas = [frame.collect_schema() for frame in frames]
    for name in dict.fromkeys(name for schema in schemas for name in schema):
        kinds = {schema[name] for schema in schemas if name in schema} - {pl.Null()}
        # A plain value would become a list or an object, and would not be written as it was read.
        if any(kind.is_nested() for kind in kinds) and len({kind.base_type() for kind in kinds}) > 1:
            raise _apart(files, f"column {name} is {' or '.join(sorted(map(str, kinds)))}")
    rows = pl.concat(frames, how="diagonal_relaxed")
    try:
        rows.collect_schema()
    except pl.exceptions.PolarsError as error:
        raise _apart(files, first_line(error).rstrip(".")) from error
    return rows


def _apart(files: list[Path], why: str) -> ConfigError:
    return ConfigError(
        f"{', '.join(map(str, files))} have columns of different kinds: {why}. Run once per file."
    )


def unreadable(file: Path, error: BaseException) -> InputError:
    """The error for a file whose bytes are not what its name says, or not UTF-8."""
    why, advice = first_line(error).rstrip("."), "Mend it and repeat."
    if "utf-8" in why.lower():
        advice = "Convert it to UTF-8 and repeat."
    elif not file.name.endswith((".parquet", ".gz")) and _has_mark(file):
        why += "; it begins with a byte order mark"
        advice = rf"Remove the mark: sed -i '1s/^\xEF\xBB\xBF//' {shlex.quote(str(file))}"
    return InputError(f"{file} cannot be read: {why}. {advice}")


def _has_mark(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8


def write(rows: pl.LazyFrame, path: Path) -> None:
    """A file that appears when it is whole.

    Raises:
        StorageError: the disk does not take it, or a file of this kind cannot hold such rows.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        if path.suffix == ".parquet":
            rows.sink_parquet(unfinished)
        else:
            rows.sink_ndjson(unfinished)
        unfinished.replace(path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        why = first_line(error).rstrip(".")
        raise StorageError(
            f"{path} cannot be written: {why}. Make room, or write a file of another kind "
            f"({' or '.join(OUTPUTS)}); nothing of it was kept."
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
