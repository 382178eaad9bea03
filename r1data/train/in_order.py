"""Rows in an order of ours, however many: put into files by their place, and read back file by file.

DuckDB 2.0 can sort 2 GB of text only in more memory than that, although it may use a disk; numbers of
places it sorts in none.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import polars as pl
import pyarrow as pa

from r1data.errors import QueryError

BATCH = 2_048
"""Rows of a batch, which is also a file."""
MOST_FILES = 256
"""Files open at once; beyond that, batches grow."""


def in_order(
    batches: Iterable[pl.DataFrame], places: pl.DataFrame, folder: Path, *, key: str, together: int = 1
) -> Iterator[pl.DataFrame]:
    """The rows of `batches` that have places, once per place, in the order of the places.

    Args:
        batches: rows in any order; all of one schema, with column `key`.
        places: key and position (0, 1, …); a key may have several, and those without any are left out.
        folder: empty, for files of together the size of the rows.
        key: column that names a row.
        together: so many places, from one that it divides, are never in two frames.

    Returns:
        Frames of at most BATCH rows (more beyond MOST_FILES * BATCH rows).

    Raises:
        QueryError: a place has no row.
    """
    size = -(-max(BATCH, -(-places.height // MOST_FILES)) // together) * together
    n_placed = 0
    with ExitStack() as stack:
        writers: dict[int, pa.RecordBatchStreamWriter] = {}
        for batch in batches:
            placed = batch.join(places, on=key, how="inner").with_columns(file=pl.col("position") // size)
            n_placed += placed.height
            for (number,), part in placed.partition_by("file", include_key=False, as_dict=True).items():
                table = part.to_arrow()
                if number not in writers:
                    sink = stack.enter_context(pa.OSFile(str(folder / f"{number}.arrow"), "wb"))
                    writers[number] = stack.enter_context(pa.ipc.new_stream(sink, table.schema))
                writers[number].write_table(table)
    if n_placed != places.height:
        raise QueryError(
            f"The mix chose {places.height:,} texts, and {n_placed:,} were found. Either the lake lacks "
            "rollouts that it names, or its SQL draws by chance and gave other rows when asked for the "
            "texts; $weights draws by $seed."
        )
    for number in sorted(writers):
        path = folder / f"{number}.arrow"
        with pa.OSFile(str(path), "rb") as source:
            rows = pl.from_arrow(pa.ipc.open_stream(source).read_all())
        path.unlink()
        assert isinstance(rows, pl.DataFrame)
        yield rows.sort("position").drop("position")
