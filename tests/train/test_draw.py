"""Weights, caps, proportion and order: seeded, exact, and the same however the rows come."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1data.train.draw import ORDERS, draw

SOURCES = ("a", "b", None)


def frame(n: int, **columns: Any) -> pl.DataFrame:
    """Rows r0 … of source `a` and domain math, unless told otherwise."""
    told = {"source": ["a"] * n, "domain": ["math"] * n, "night": ["2026-01-01"] * n} | columns
    return pl.DataFrame({"id": [f"r{i}" for i in range(n)], **told})


rows = st.lists(st.tuples(st.sampled_from(SOURCES), st.sampled_from(("math", "general", None)))).map(
    lambda told: frame(
        len(told),
        source=pl.Series([source for source, _ in told], dtype=pl.String),
        domain=pl.Series([domain for _, domain in told], dtype=pl.String),
        difficulty=pl.Series([i % 5 or None for i in range(len(told))], dtype=pl.Int64),
    )
)
options = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 3),
        "weights": st.dictionaries(st.sampled_from(("a", "b")), st.floats(0, 3)),
        "caps": st.dictionaries(st.sampled_from(("a", "b")), st.integers(0, 9)),
        "reasoning_per_general": st.integers(0, 4),
        "order": st.sampled_from(ORDERS),
    }
)


@given(rows, options, st.randoms())
def test_a_draw_hangs_on_the_seed_alone_and_keeps_to_weights_and_caps(
    told: pl.DataFrame, chosen: dict[str, Any], random: Any
) -> None:
    drawn = draw(told, key="id", **chosen)
    shuffled = list(range(told.height))
    random.shuffle(shuffled)
    assert drawn.equals(draw(told[shuffled], key="id", **chosen))
    assert drawn["position"].to_list() == list(range(drawn.height))
    for source in ("a", "b"):
        taken = drawn.filter(source=source)
        assert taken.height <= chosen["caps"].get(source, taken.height)
        weight = chosen["weights"].get(source, 1.0)
        assert all(copies <= -(-weight // 1) for copies in taken["id"].value_counts()["count"])
    n_general = drawn["domain"].eq_missing("general").sum()
    n_reasoning = drawn.height - n_general
    if chosen["reasoning_per_general"] and n_general > 1 and n_reasoning:
        assert n_reasoning == chosen["reasoning_per_general"] * n_general


def test_what_is_left_out_elsewhere_does_not_change_whether_a_row_is_drawn() -> None:
    all_rows = frame(200)
    drawn = set(draw(all_rows, key="id", weights={"a": 0.3})["id"])
    fewer = set(draw(all_rows.head(100), key="id", weights={"a": 0.3})["id"])
    assert fewer == drawn & set(all_rows["id"].head(100))
    assert drawn < set(draw(all_rows, key="id", weights={"a": 0.6})["id"]), "a larger share holds the smaller"
    assert 40 <= len(drawn) <= 80


def test_a_weight_above_one_repeats_rows_and_its_fraction_some_of_them_once_more() -> None:
    copies = draw(frame(200), key="id", weights={"a": 2.25})["id"].value_counts()["count"]
    assert set(copies) == {2, 3} and 30 <= (copies == 3).sum() <= 70
    assert draw(frame(5), key="id", weights={"a": 0}).is_empty()
    assert draw(frame(5), key="id", weights={"other": 0}).height == 5


def test_a_cap_takes_first_copies_before_second_ones() -> None:
    drawn = draw(frame(10), key="id", weights={"a": 2}, caps={"a": 12})
    assert drawn.height == 12 and drawn["id"].n_unique() == 10


@pytest.mark.parametrize(
    ("n_math", "n_general", "kept"),
    [(9, 3, (9, 3)), (10, 4, (9, 3)), (8, 1, (3, 1)), (2, 4, (2, 1)), (0, 4, (0, 4))],
)
def test_three_to_one_is_exact_and_of_one_kind_all_is_kept(
    n_math: int, n_general: int, kept: tuple[int, int]
) -> None:
    told = frame(n_math + n_general, domain=["math"] * n_math + ["general"] * n_general)
    domains = draw(told, key="id", reasoning_per_general=3)["domain"]
    assert ((domains == "math").sum(), (domains == "general").sum()) == kept


def test_orders_are_by_night_by_seed_or_from_easy_to_hard() -> None:
    told = frame(4, night=["3", "1", "2", "1"], difficulty=[2, None, 1, 3])

    def order(name: str, seed: int = 0) -> list[str]:
        return draw(told, key="id", order=name, seed=seed)["id"].to_list()

    assert order("night") == ["r1", "r3", "r2", "r0"]
    assert order("easy_first") == ["r2", "r0", "r3", "r1"], "what nobody knows the difficulty of comes last"
    assert len({tuple(order("random", seed)) for seed in range(9)}) > 3


def test_a_seed_gives_the_same_rows_on_every_machine() -> None:
    drawn = draw(frame(12), key="id", seed=7, weights={"a": 0.5}, order="random")
    assert drawn["id"].to_list() == ["r9", "r0", "r11", "r2", "r7", "r6", "r3", "r4"]
