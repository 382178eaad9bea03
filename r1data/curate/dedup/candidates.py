"""Candidate pairs: rows that share a band."""

from collections.abc import Callable

import numpy as np
import polars as pl

MAX_ROWS_PER_BAND = 1000
"""Rows of one band hash that are paired each with each; a denser one makes a chain instead, see `pair_up`."""


def pair_up(bands: pl.DataFrame, *, max_rows: int = MAX_ROWS_PER_BAND) -> tuple[np.ndarray, int]:
    """Pairs of rows that share a band and of which at least one is new.

    A band hash that more than `max_rows` rows share would make a quadratic number of pairs. Each of its rows
    is paired with the first row and with the one before it only; pairs within it may then be missed, so such
    hashes are counted.

    Args:
        bands: row (Int64, place in the order of rows), new (Boolean), band, hash.
        max_rows: largest number of rows of one band hash that are paired each with each.

    Returns:
        Distinct pairs as int64 of shape [n, 2], earlier row first, sorted; and the number of crowded band
        hashes.
    """
    pairs: list[pl.DataFrame] = []
    n_crowded = 0
    for band in sorted(bands["band"].unique()):
        rows = bands.filter(band=band).sort("hash", "row").with_columns(size=pl.len().over("hash"))
        crowded = rows.filter(pl.col("size") > max_rows)
        n_crowded += crowded["hash"].n_unique()
        pairs.append(_all_pairs(rows.filter(pl.col("size").is_between(2, max_rows))))
        pairs += [_chain(crowded, pl.Expr.first), _chain(crowded, pl.Expr.shift)]
    if not pairs:
        return np.empty((0, 2), dtype=np.int64), 0
    return pl.concat(pairs).unique().sort("earlier", "later").to_numpy(), n_crowded


def _all_pairs(rows: pl.DataFrame) -> pl.DataFrame:
    joined = (
        rows.filter("new").join(rows, on="hash", suffix="_other").filter(pl.col("row") != pl.col("row_other"))
    )
    return joined.select(
        earlier=pl.min_horizontal("row", "row_other"), later=pl.max_horizontal("row", "row_other")
    ).unique()


def _chain(rows: pl.DataFrame, partner: Callable[[pl.Expr], pl.Expr]) -> pl.DataFrame:
    """Pairs of every row with one partner in its band hash, such as the first row."""
    partners = rows.with_columns(
        earlier=partner(pl.col("row")).over("hash"), partner_new=partner(pl.col("new")).over("hash")
    )
    wanted = (pl.col("earlier") < pl.col("row")) & (pl.col("new") | pl.col("partner_new"))
    return partners.filter(wanted).select("earlier", later="row")
