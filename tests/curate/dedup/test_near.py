"""Near-duplicates of any documents, against a plain comparison of all with all."""

import random
from typing import Any

import polars as pl
import pytest

from r1data.curate.dedup import deduplicate, near_duplicates
from r1data.errors import SchemaError
from tests.curate.dedup import reference

LONG = " ".join(f"word{i}" for i in range(100))
NEAR = LONG.replace("word50", "other")
VOCABULARY = [f"w{i}" for i in range(400)] + list("所以我们检查数字然后")


def frame(*texts: Any, **more: list[Any]) -> pl.LazyFrame:
    return pl.LazyFrame({"name": [f"d{i}" for i in range(len(texts))], "text": list(texts), **more})


def fates(documents: pl.LazyFrame, **options: Any) -> list[tuple[str | None, float | None]]:
    rows = near_duplicates(documents, id="name", text="text", **options)
    assert rows["id"].to_list() == documents.collect()["name"].to_list()
    return [
        (survivor, jaccard and round(jaccard, 3))
        for survivor, jaccard in rows.select("survivor_id", "jaccard").rows()
    ]


def edited(dice: random.Random, words: list[str], n: int) -> list[str]:
    changed = list(words)
    for _ in range(n):
        changed[dice.randrange(len(changed))] = dice.choice(VOCABULARY)
    return changed


def test_the_result_is_that_of_comparing_all_with_all():
    dice, texts = random.Random(4), []
    for _ in range(150):
        words = dice.choices(VOCABULARY, k=dice.randint(60, 200))
        texts += [
            " ".join(edited(dice, words, n)) for n in (0, *dice.choices(range(4), k=dice.randint(0, 3)))
        ]
    dice.shuffle(texts)
    sets, kept, expected = [reference.shingles(text) for text in texts], list[int](), dict[int, int]()
    for row, own in enumerate(sets):
        twin = next((other for other in kept if reference.jaccard(sets[other], own) >= 0.8), None)
        kept, expected = ([*kept, row], expected) if twin is None else (kept, {**expected, row: twin})
    rows = deduplicate(frame(*texts), id="name", text="text").rows
    found = {
        int(name[1:]): (int(survivor[1:]), jaccard)
        for name, survivor, jaccard, kept_ in rows.select("id", "survivor_id", "jaccard", "kept").rows()
        if not kept_
    }
    for row, (survivor, jaccard) in found.items():
        assert jaccard == reference.jaccard(sets[survivor], sets[row]) >= 0.8
    assert len(expected) > 100
    assert len(set(expected) ^ set(found)) <= 0.01 * len(expected)


def test_a_row_falls_to_a_kept_one_only_and_chains_do_not_swallow_each_other():
    steps = [LONG]
    for place in (10, 30, 50, 70):
        steps.append(
            steps[-1].replace(f"word{place} ", f"x{place} ").replace(f"word{place + 9} ", f"y{place} ")
        )
    rows = near_duplicates(frame(*steps), id="name", text="text")
    assert rows["kept"].to_list() == [True, False, True, False, True]
    assert rows["cluster_id"].unique().to_list() == ["d0"]


def test_copies_fall_to_where_their_text_falls():
    assert fates(frame(LONG, NEAR, NEAR, LONG)) == [(None, None), ("d0", 0.901), ("d0", 0.901), ("d0", 1.0)]


def test_the_preferred_copy_is_kept_whatever_its_place():
    longer = LONG + " and more"
    assert fates(frame(longer, LONG), prefer=pl.col("text").str.len_bytes())[0] == ("d1", 0.98)
    assert fates(frame(LONG, LONG, rank=[None, 2]), prefer=pl.col("rank"))[0] == ("d1", 1.0)


def test_documents_of_different_scopes_are_never_twins():
    assert fates(frame(LONG, LONG, NEAR, source=["a", "b", "b"]), scope="source") == [
        (None, None), (None, None), ("d1", 0.901)
    ]  # fmt: skip


def test_short_texts_fall_only_to_equal_ones():
    assert fates(frame("a b", "a  b", "a b"), min_shingles=2) == [(None, None), (None, None), ("d0", 1.0)]
    assert fates(frame("a b", "a  b"))[1] == ("d0", 1.0)


def test_null_counts_as_empty_and_blank_texts_are_no_near_duplicates():
    assert fates(frame(None, "", " ", "\n")) == [(None, None), ("d0", 1.0), (None, None), (None, None)]


def test_little_memory_gives_the_same(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("r1data.curate.dedup.near.BATCH_ROWS", 3)
    texts = [LONG.replace(f"word{i % 7} ", "x ") + f" {i // 7}" for i in range(40)]
    assert fates(frame(*texts), memory_bytes=1) == fates(frame(*texts))


def test_what_is_deferred_is_said(caplog: pytest.LogCaptureFixture):
    near_duplicates(frame(*(f"{LONG} {i}" for i in range(20))), id="name", text="text", max_pairs=10)
    assert "not all their pairs were compared" in caplog.text


@pytest.mark.parametrize(
    ("documents", "told"),
    [
        (frame("a").rename({"text": "texts"}), "no column text. Columns: name, texts"),
        (frame("a", "b").with_columns(name=pl.lit("same")), "Several documents have the id same"),
        (frame(1, 2), "int64"),
    ],
)
def test_documents_that_cannot_be_compared_are_refused(documents: pl.LazyFrame, told: str):
    with pytest.raises(SchemaError, match=told):
        near_duplicates(documents, id="name", text="text")


def test_no_documents_are_no_error():
    assert near_duplicates(frame().cast({"text": pl.String}), id="name", text="text").height == 0
