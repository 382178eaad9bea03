"""Rows come back in the order of their places, however they came."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1data.errors import QueryError
from r1data.train.in_order import BATCH, in_order


@given(st.permutations(range(60)), st.integers(1, 25))
def test_every_place_gets_its_row_once_and_rows_without_a_place_are_left_out(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], size: int
) -> None:
    places = pl.DataFrame({"id": [f"r{i % 40}" for i in order], "position": range(60)})
    told = pl.DataFrame({"id": [f"r{i}" for i in range(50)], "text": [f"t{i}" for i in range(50)]})
    batches = [told[i : i + size] for i in range(0, 50, size)]
    folder = tmp_path_factory.mktemp("texts")
    found = pl.concat(in_order(batches, places, folder, key="id"))
    assert found["text"].to_list() == [f"t{i % 40}" for i in order]
    assert found.columns == told.columns and not list(folder.iterdir())


def test_more_rows_than_a_file_holds_come_in_several_batches(tmp_path: Path) -> None:
    n = 2 * BATCH + 5
    told = pl.DataFrame({"id": range(n)})
    places = pl.DataFrame({"id": list(reversed(range(n))), "position": range(n)})
    found = list(in_order([told], places, tmp_path, key="id"))
    assert [part.height for part in found] == [BATCH, BATCH, 5]
    assert pl.concat(found)["id"].to_list() == list(reversed(range(n)))


def test_no_rows_are_no_batches(tmp_path: Path) -> None:
    places = pl.DataFrame(schema={"id": pl.String, "position": pl.Int64})
    assert list(in_order([], places, tmp_path, key="id")) == []
    assert list(in_order([pl.DataFrame({"id": ["a"]})], places, tmp_path, key="id")) == []


@given(st.integers(0, 40), st.integers(1, 4))
def test_places_that_belong_together_come_in_one_frame(
    tmp_path_factory: pytest.TempPathFactory, n: int, together: int
) -> None:
    places = pl.DataFrame({"id": range(n * together), "position": range(n * together)})
    folder = tmp_path_factory.mktemp("texts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("r1data.train.in_order.BATCH", 5)
        found = list(in_order([places.select("id")], places, folder, key="id", together=together))
    assert all(part.height % together == 0 for part in found)
    assert [i for part in found for i in part["id"]] == list(range(n * together))


def test_a_place_without_a_row_is_told_before_any_row_is_given(tmp_path: Path) -> None:
    places = pl.DataFrame({"id": ["a", "b"], "position": [0, 1]})
    with pytest.raises(QueryError, match="The mix chose 2 texts, and 1 were found"):
        next(in_order([pl.DataFrame({"id": ["a", "c"]})], places, tmp_path, key="id"))
