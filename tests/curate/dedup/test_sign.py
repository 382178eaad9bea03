"""Signatures: words, shingles, permutations and bands, against their plain meaning and against datasketch."""

from collections import defaultdict

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from r1data.curate.dedup import kernels, sign
from r1data.curate.dedup.boilerplate import NONE
from r1data.curate.dedup.memory import addresses
from r1data.errors import SchemaError
from tests.curate.dedup import reference

EDGES = "\u0dff\u0e00\u0fff\u1000\u109f\u10a0\u1200\u177f\u1780\u17ff\u1800\u2fff\u3000"
"""Around the borders of what is a word of its own."""
PIECES = [*EDGES, *"ab 1\n\t−“é所以ぁ한ก😀", "word", "x" * 7, "x" * 8, "x" * 9, "x" * 70, " " * 70]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=80).map("".join)


def shingles_of(text: str, n_words: int = 5) -> list[int]:
    places, lengths = addresses(pl.Series([text]))
    return kernels.shingles_of(places, lengths, n_words, NONE, 0).tolist()


@settings(max_examples=300)
@given(TEXTS, TEXTS, st.sampled_from([1, 2, 5, 8]))
def test_equal_shingles_have_equal_hashes_and_others_have_not(one: str, other: str, n: int):
    words = [reference.words(text) for text in (one, other)]
    plain = [[tuple(w[at : at + n]) for at in range(max(len(w) - n + 1, min(len(w), 1)))] for w in words]
    meaning = defaultdict(set)
    for shingles, text in zip(plain, (one, other), strict=True):
        hashes = shingles_of(text, n)
        assert len(hashes) == len(shingles)
        for hash_, shingle in zip(hashes, shingles, strict=True):
            meaning[hash_].add(shingle)
    assert all(len(shingles) == 1 for shingles in meaning.values())
    assert len(meaning) == len({shingle for shingles in plain for shingle in shingles})


@settings(max_examples=30)
@given(TEXTS)
def test_signatures_are_those_of_datasketch_and_go_in_and_out_of_it(text: str):
    theirs = MinHash(num_perm=128, seed=1, scheme="affine32", hashfunc=lambda value: value % 2**32)
    theirs.update_batch(shingles_of(text))
    (ours,) = sign.sign(pl.Series([text])).signatures
    assert ours.tolist() == theirs.hashvalues.tolist()
    assert sign.lean_minhash(ours).jaccard(theirs) == 1
    assert sign.lean_minhash(ours).hashvalues.tolist() == ours.tolist()


def test_a_digest_is_the_xxh3_of_the_text():
    import xxhash

    signed = sign.sign(pl.Series(["所以 x", ""]))
    expected = [xxhash.xxh3_128_digest(text.encode()) for text in ("所以 x", "")]
    assert [row.tobytes() for row in signed.digests] == expected
    assert signed.n_bytes.tolist() == [8, 0]


def test_bands_differ_only_where_their_values_or_scopes_differ():
    signatures = np.zeros((3, 128), np.uint32)
    signatures[1, 6 * 3] = 1  # first value of band 3
    bands = sign.band_hashes(signatures, scopes=np.array([0, 0, 9], np.uint64))
    assert np.flatnonzero(bands[:, 0] != bands[:, 1]).tolist() == [3]
    assert (bands[:, 0] != bands[:, 2]).all()
    assert len(np.unique(bands[:, 0])) == sign.USUAL.n_bands


LONG = ["", "short", None, "just twelve!", "one more than twelve", "所以" * 50, "x" * 5000]
KINDS = [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view()]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_texts_are_found_in_every_arrow_layout_in_slices_and_chunks(kind: pa.DataType):
    whole = pa.array(LONG).cast(kind)
    for array in (whole, pa.chunked_array([whole[:3], whole[3:3], whole[3:]]), whole[2:6], whole[7:]):
        expected = array.to_pylist()
        places, lengths = addresses(array)
        assert len(lengths) == len(expected)
        for place, n_bytes, text in zip(places, lengths, expected, strict=True):
            data = text.encode() if isinstance(text, str) else text
            assert n_bytes == (-1 if data is None else len(data))
            if data:
                import ctypes

                assert ctypes.string_at(int(place), int(n_bytes)) == data


def test_a_column_of_numbers_holds_no_texts():
    with pytest.raises(SchemaError, match="int64"):
        addresses(pl.Series([1, 2]))


def test_bytes_that_are_no_text_are_signed_too():
    broken = [b"\xe3", b"a \xf0\x9f", b"\xff\xfe\x00x", bytes(range(256)) * 3]
    signed = sign.sign(pl.Series(broken, dtype=pl.Binary))
    again = sign.sign(pl.Series(broken * 2, dtype=pl.Binary))
    assert (again.signatures[4:] == signed.signatures).all()


ENDS = [
    b"",
    b"a word",
    b"tail \xe3",
    b"tail \xf0\x9f\x98",
    b"x" * 63 + b"\xe0\xb8",
    b"y" * 64,
    b"so \xe6\x89\x80" * 40,
]


@pytest.mark.parametrize("text", ENDS, ids=range(len(ENDS)))
def test_what_lies_behind_a_text_counts_for_nothing(text: bytes):
    def shingles(*column: bytes) -> list[int]:
        places, lengths = addresses(pa.array(column, pa.large_binary()))
        return kernels.shingles_of(places, lengths, 5, NONE, 1).tolist()

    alone = shingles(b"before", text)
    for behind in (b"word" * 30, b"\x81\x82 \xe3\x81\x82" * 30, b" " * 90):
        assert shingles(b"before", text, behind) == alone


@pytest.mark.parametrize("n_bytes", [0, 1, 31, 64, 65, 5000])
def test_a_text_at_the_end_of_readable_memory_is_read_to_its_end_and_no_further(n_bytes: int):
    import ctypes
    import mmap

    memory = mmap.mmap(-1, 3 * mmap.PAGESIZE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    libc, wall = ctypes.CDLL(None, use_errno=True), start + 2 * mmap.PAGESIZE
    assert libc.mprotect(ctypes.c_void_p(wall), mmap.PAGESIZE, 0) == 0  # touching it ends the process
    text = (b"ten bytes " * 500)[:n_bytes]
    ctypes.memmove(wall - n_bytes, text, n_bytes)
    found = kernels.shingles_of(np.array([wall - n_bytes], np.uint64), np.array([n_bytes]), 5, NONE, 0)
    assert found.tolist() == shingles_of(text.decode())
    assert libc.mprotect(ctypes.c_void_p(wall), mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_WRITE) == 0


def test_one_huge_text_is_signed_as_any_other():
    text = "all work and no play " * 500_000
    (signed,) = sign.sign(pl.Series([text])).signatures
    (short,) = sign.sign(pl.Series(["all work and no play " * 3])).signatures
    assert signed.tolist() == short.tolist()


def test_threads_change_nothing():
    texts = pl.Series([f"number {i} " * (i * 37 % 900) for i in range(2000)])
    one, many = sign.sign(texts, threads=1), sign.sign(texts, threads=4)
    assert (one.signatures == many.signatures).all() and (one.digests == many.digests).all()


@pytest.mark.parametrize(
    ("threshold", "shape"), [(0.8, (21, 6)), (0.6, (42, 3)), (0.9, (14, 9)), (1.0, (1, 128))]
)
def test_bands_fit_the_threshold(threshold: float, shape: tuple[int, int]):
    scheme = sign.Scheme.for_threshold(threshold)
    assert (scheme.n_bands, scheme.n_values) == shape
    assert 1 - (1 - threshold**scheme.n_values) ** scheme.n_bands >= sign.RECALL
