"""Rows with long texts, piece by piece: what a stage holds at once does not depend on how many there are.

`LazyFrame.collect_batches` reads ahead without bound while its consumer works (of 2 GB of text, 2 GB), and so
does a join whose other side is not in memory yet. A slice of a scan reads what it needs.
"""

from collections.abc import Iterator

import polars as pl

PIECE_BYTES = 1 << 25
"""Text of a piece, apart from a row that is longer."""


def pieces(
    rows: pl.LazyFrame,
    known: pl.LazyFrame,
    *,
    key: str = "rollout_id",
    text: str = "completion",
    n_bytes: int = PIECE_BYTES,
) -> Iterator[pl.DataFrame]:
    """The rows that are not known yet, in their order; texts of pieces that are known whole are not read.

    Args:
        rows: a scan of a table, which is cut by its rows and so has to give them in one order.
        known: keys that are left out.
        key: column that names a row.
        text: column of the long texts, by whose bytes pieces are cut.
        n_bytes: bytes of text of a piece.
    """
    keys = rows.select(key).with_row_index("row").collect(engine="streaming")
    todo = keys.join(known.select(key).unique().collect(engine="streaming"), on=key, how="anti")
    if todo.is_empty():
        return
    size = pl.col(text).str.len_bytes().cast(pl.Int64).fill_null(0).alias("size")
    sizes = rows.select(size).collect(engine="streaming")["size"]
    todo = todo.with_columns(piece=(sizes.cum_sum() // n_bytes).gather(todo["row"]))
    for (_,), wanted in todo.sort("row").group_by("piece", maintain_order=True):
        first, last = wanted["row"][0], wanted["row"][-1]
        piece = rows.slice(first, last - first + 1).collect(engine="streaming")
        yield piece.join(wanted.select(key), on=key, how="semi", maintain_order="left")
