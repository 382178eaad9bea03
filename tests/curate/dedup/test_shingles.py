"""Shingles, signatures and bands."""

import numpy as np
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from r1data.curate.dedup.shingles import N_BANDS, band_hashes, jaccard, shingles, signature, split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Let x=1.\n\tSo y", ["Let", "x=1.", "So", "y"]),
        ("所以x", ["所", "以", "x"]),
        ("สวัส", ["ส", "ว", "ั", "ส"]),
        ("", []),
    ],
)
def test_words_end_at_blanks_and_scripts_without_spaces_go_by_code_point(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("", 0),
        ("one two", 1),
        ("a b c d e", 1),
        ("a b c d e f", 2),
        ("a a a a a a a", 1),
        ("一二三四五六", 2),
    ],
)
def test_a_shingle_is_five_words_and_a_shorter_text_is_one(text: str, n: int) -> None:
    assert shingles(text).size == n


def test_another_number_is_another_text() -> None:
    assert jaccard(shingles("a b c d 1"), shingles("a b c d 2")) == 0


@settings(deadline=None)  # loading datasketch takes a second
@given(st.lists(st.integers(0, 2**64 - 1), max_size=50, unique=True))
def test_signatures_are_those_of_datasketch(hashes: list[int]) -> None:
    reference = MinHash(num_perm=128, seed=1, scheme="affine32", hashfunc=lambda value: value % 2**32)
    reference.update_batch(hashes)
    signed = signature(np.array(hashes, dtype=np.uint64))
    assert np.frombuffer(signed, "<u4").tolist() == reference.hashvalues.tolist()


def test_signatures_of_long_texts_do_not_depend_on_the_slices() -> None:
    hashes = np.arange(20_000, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    parts = [np.frombuffer(signature(part), "<u4") for part in np.array_split(hashes, 3)]
    assert signature(hashes) == np.minimum.reduce(parts).tobytes()


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)))
def test_jaccard_is_that_of_the_sets(left: set[int], right: set[int]) -> None:
    def to_array(values: set[int]) -> np.ndarray:
        return np.array(sorted(values), np.uint64)

    exact = len(left & right) / len(left | right) if left | right else 1.0
    assert jaccard(to_array(left), to_array(right)) == exact


def test_bands_differ_only_where_their_values_differ() -> None:
    signed = bytearray(128 * 4)
    changed = signed.copy()
    changed[6 * 4 * 3] = 1  # first value of band 3
    before, after = band_hashes(bytes(signed)), band_hashes(bytes(changed))
    assert [band for band in range(N_BANDS) if before[band] != after[band]] == [3]
