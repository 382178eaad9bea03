"""Compile the kernels into Numba's cache: python -m r1data.curate.decontaminate.warm."""

import polars as pl

from r1data.curate.decontaminate.compare import hits
from r1data.curate.decontaminate.index import Index
from r1data.recipe import Contamination


def warm() -> None:
    """Use every kernel once."""
    text = " ".join(f"word{number} {number}" for number in range(20))
    index = Index(pl.DataFrame({"benchmark": ["b"], "item_id": ["1"], "text": [text]}))
    hits(pl.Series([text, f"before {text} after"]), index, Contamination())


if __name__ == "__main__":
    warm()
