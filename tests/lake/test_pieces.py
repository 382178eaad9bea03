"""Pieces of a table: all rows that are wanted, each once, and no more text at a time than is allowed."""

from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from r1data.lake.pieces import pieces

SIZES = st.lists(st.integers(0, 40), max_size=30)


@settings(max_examples=60)
@given(sizes=SIZES, known=st.sets(st.integers(0, 30)), n_bytes=st.integers(1, 60))
def test_pieces_hold_every_unknown_row_once_in_order_and_no_more_text_than_asked(
    sizes: list[int], known: set[int], n_bytes: int
) -> None:
    rows = pl.LazyFrame(
        {"rollout_id": list(map(str, range(len(sizes)))), "completion": ["x" * size for size in sizes]},
        schema={"rollout_id": pl.String, "completion": pl.String},
    )
    held = pl.LazyFrame({"rollout_id": list(map(str, known))}, schema={"rollout_id": pl.String})
    found = list(pieces(rows, held, n_bytes=n_bytes))
    names = [name for piece in found for name in piece["rollout_id"]]
    assert names == [str(at) for at in range(len(sizes)) if at not in known]
    for piece in found:  # a piece begins within the row that the one before it ended in
        assert piece["completion"].str.len_bytes().sum() < n_bytes + max(sizes)


def test_texts_are_not_read_where_every_row_is_known(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    pl.DataFrame({"rollout_id": ["a"], "completion": [1]}).write_parquet(file)  # no text: reading it fails
    rows = pl.scan_parquet(file)
    assert list(pieces(rows, pl.LazyFrame({"rollout_id": ["a"]}))) == []


def test_a_missing_text_counts_for_nothing() -> None:
    rows = pl.LazyFrame({"rollout_id": ["a", "b"], "completion": [None, "text"]})
    (piece,) = pieces(rows, pl.LazyFrame(schema={"rollout_id": pl.String}))
    assert piece["completion"].to_list() == [None, "text"]
