"""Candidate pairs, and what happens in crowded bands."""

import polars as pl

from r1data.curate.dedup.candidates import pair_up


def bands(*rows: tuple[int, bool, int, int]) -> pl.DataFrame:
    schema = {"row": pl.Int64, "new": pl.Boolean, "band": pl.Int16, "hash": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_rows_that_share_a_band_are_a_pair_once() -> None:
    pairs, n_crowded = pair_up(
        bands((0, True, 0, 7), (1, True, 0, 7), (0, True, 1, 8), (1, True, 1, 8), (2, True, 1, 9))
    )
    assert pairs.tolist() == [[0, 1]]
    assert n_crowded == 0


def test_equal_hashes_of_different_bands_are_no_pair() -> None:
    assert pair_up(bands((0, True, 0, 7), (1, True, 1, 7)))[0].size == 0


def test_two_stored_rows_are_no_pair_and_new_rows_pair_either_way() -> None:
    pairs, _ = pair_up(bands((0, False, 0, 7), (1, True, 0, 7), (2, False, 0, 7)))
    assert pairs.tolist() == [[0, 1], [1, 2]]


def test_a_crowded_band_makes_a_chain_and_is_counted() -> None:
    pairs, n_crowded = pair_up(bands(*((row, True, 0, 7) for row in range(5))), max_rows=4)
    assert pairs.tolist() == [[0, 1], [0, 2], [0, 3], [0, 4], [1, 2], [2, 3], [3, 4]]
    assert n_crowded == 1


def test_a_crowded_band_of_stored_rows_makes_no_pairs_of_them() -> None:
    pairs, _ = pair_up(bands(*((row, row == 4, 0, 7) for row in range(6))), max_rows=4)
    assert pairs.tolist() == [[0, 4], [3, 4], [4, 5]]


def test_no_bands_make_no_pairs() -> None:
    pairs, n_crowded = pair_up(bands())
    assert (pairs.shape, n_crowded) == ((0, 2), 0)
