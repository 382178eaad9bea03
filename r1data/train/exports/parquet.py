"""Parquet with the mix's own columns, whichever they are: for `datasets.load_dataset`, DuckDB, Polars.

Thought and answer are columns of their own here, as in the corpus.
"""

from r1data.train.exports.form import Form, Row


def row(given: Row, place: int) -> Row:
    """The row as it is."""
    return given


FORM = Form("parquet", ("prompt_id", "licence"), "All mixes of this project", row, None, "parquet")
