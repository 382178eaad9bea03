"""Candidate pairs, and what happens where too many rows share a band."""

import numpy as np

from r1data.curate.dedup.pairs import candidates


def found(*bands: list[int], new: list[bool] | None = None, most: int = 10**9) -> list[tuple[int, int]]:
    pairs = candidates(np.array(bands, np.uint64), np.array(new or [True] * len(bands[0])), most)
    return list(zip(pairs.earlier.tolist(), pairs.later.tolist(), strict=True))


def test_rows_that_share_a_band_are_a_pair_once():
    assert found([7, 7, 1], [8, 8, 9]) == [(0, 1)]


def test_pairs_are_sorted_and_each_has_its_earlier_row_first():
    assert found([1, 2, 1, 2, 1]) == [(0, 2), (0, 4), (1, 3), (2, 4)]


def test_two_stored_rows_are_no_pair_and_new_rows_pair_either_way():
    assert found([7, 7, 7], new=[False, True, False]) == [(0, 1), (1, 2)]


def test_beyond_the_budget_the_densest_hash_makes_a_chain_and_is_listed():
    bands = np.array([[7, 7, 7, 7, 7, 3, 3]], np.uint64)
    pairs = candidates(bands, np.ones(7, np.bool_), max_pairs=5)
    chain = [(0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (2, 3), (3, 4)]
    assert list(zip(pairs.earlier.tolist(), pairs.later.tolist(), strict=True)) == [*chain, (5, 6)]
    assert pairs.deferred.rows() == [(0, 7, 5)]
    assert candidates(bands, np.ones(7, np.bool_), max_pairs=11).deferred.is_empty()


def test_a_billion_pairs_are_kept_within_the_budget():
    bands = np.zeros((3, 50_000), np.uint64)
    pairs = candidates(bands, np.ones(50_000, np.bool_), max_pairs=1000)
    assert len(pairs.earlier) == 2 * 50_000 - 3
    assert pairs.deferred["n_rows"].to_list() == [50_000] * 3


def test_no_rows_make_no_pairs():
    assert found([], []) == []
