"""Compile the kernels into Numba's cache, so no night waits for it: python -m r1data.curate.dedup.warm."""

import polars as pl

from r1data.curate.dedup.find import find
from r1data.curate.dedup.near import near_duplicates
from r1data.recipe import Duplicates
from r1data.schema.facts import SIGNATURES


def warm() -> None:
    """Use every kernel once."""
    texts = [" ".join(f"{word}" for word in range(start, start + 60)) for start in (0, 1, 2)]
    rows = pl.LazyFrame({"night": ["n"] * 3, "rollout_id": list("abc"), "scope": [""] * 3, "text": texts})
    near_duplicates(rows, id="rollout_id", text="text")
    stored = find(rows.head(2), SIGNATURES.empty().lazy(), rows, Duplicates())
    find(rows.tail(1), stored.signatures.lazy(), rows, Duplicates())


if __name__ == "__main__":
    warm()
