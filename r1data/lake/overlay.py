"""A lake as it would be after a publication: what a dry run reads."""

from collections.abc import Callable, Mapping

import polars as pl

from r1data.schema import TABLES

Scan = Callable[[str], pl.LazyFrame]
"""From a table's name to its rows, all nights; such as `Lake.scan`."""


def overlaid(scan: Scan, frames: Mapping[str, pl.DataFrame], partition: Mapping[str, str]) -> Scan:
    """`scan` as if `frames` had been published: ledgers gain rows with new keys, and of derived tables the
    `{recipe, night}` is replaced.
    """

    def over(table: str) -> pl.LazyFrame:
        held = scan(table)
        if table not in frames:
            return held
        described, fresh = TABLES[table], frames[table].lazy()
        if described.kind == "ledger":
            key = list(described.key)
            return pl.concat([held, fresh.join(held.select(key), on=key, how="anti", nulls_equal=True)])
        ours = pl.all_horizontal(pl.col(name) == value for name, value in partition.items())
        return pl.concat([held.filter(~ours), fresh])

    return over
