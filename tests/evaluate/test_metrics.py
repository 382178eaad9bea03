"""Metrics agree with their definitions, and intervals with how often they should hold."""

import math
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1data.errors import SchemaError
from r1data.evaluate.estimate import Z, difference, mean_rate, ratio
from r1data.evaluate.metrics import consensus, metrics, pass_at_k, powers
from r1data.schema import TABLES


def attempts(rates: dict[str, list[bool]], student_id: str = "s", **columns: object) -> pl.DataFrame:
    """One row per attempt; `rates` says of each item which attempts are solved."""
    rows = [
        {
            "student_id": student_id,
            "student": "tiny",
            "benchmark": "heldout",
            "item_id": item,
            "index": index,
            "finish_reason": "stop",
            "completion_tokens": 10,
            "elapsed_s": 0.5,
            "verdict": "right" if solved else "wrong",
            "extracted": "7" if solved else f"{index}",
            "well_formed": True,
            "solved": solved,
            "last_number_right": solved,
            **columns,
        }
        for item, solves in rates.items()
        for index, solved in enumerate(solves)
    ]
    return pl.DataFrame(rows, schema=TABLES["evaluations"].schema)


@given(st.integers(1, 8).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_pass_at_k_is_the_share_of_draws_that_hold_a_solved_attempt(case: tuple[int, int, int]):
    n, n_solved, k = case
    draws = list(combinations([i < n_solved for i in range(n)], k))
    assert math.isclose(pass_at_k(n, n_solved, k), sum(map(any, draws)) / len(draws))


def test_pass_at_k_of_too_few_attempts_is_an_error():
    with pytest.raises(ValueError, match="pass@5 needs at least 5 attempts; there are 4"):
        pass_at_k(4, 1, 5)


def test_the_most_frequent_answer_decides_and_a_tie_counts_in_part():
    assert consensus(["7", "7", "8"], [True, True, False]) == 1
    assert consensus(["7", "8", "8"], [True, False, False]) == 0
    assert consensus(["7", "8"], [True, False]) == 0.5
    assert consensus(["7", None, None], [True, False, False]) == 1
    assert consensus([None, None], [False, False]) == 0


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60))
def test_the_interval_holds_the_mean_and_stays_within_bounds(solved: list[int]):
    found = mean_rate([n / 4 for n in solved], k=4)
    assert math.isclose(found.value, sum(solved) / (4 * len(solved)))
    assert 0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1
    assert found.low < found.high


def test_the_interval_holds_the_truth_about_19_times_in_20():
    draw = np.random.default_rng(0)
    hits = 0
    for _ in range(1000):
        items = draw.beta(0.5, 1.0, size=60)  # true mean 1/3; items differ a lot
        found = mean_rate((draw.binomial(4, items) / 4).tolist(), k=4)
        hits += found.low <= 1 / 3 <= found.high
    assert 0.93 <= hits / 1000 <= 0.975


def test_attempts_that_agree_within_items_widen_the_interval():
    agree = mean_rate([1.0, 0.0] * 20, k=4)
    differ = mean_rate([0.5] * 40, k=4)
    assert agree.high - agree.low > 1.5 * (differ.high - differ.low)


def test_metrics_count_unsolved_what_hit_the_cap():
    capped = attempts({"a": [False] * 2}, finish_reason="length", well_formed=False)
    [found] = metrics(pl.concat([capped, attempts({"b": [True, True], "c": [True, False]})]))
    assert (found.n_items, found.k) == (3, 2)
    assert found.pass_at_1.value == pytest.approx(0.5)
    assert found.pass_at[2].value == pytest.approx(2 / 3)
    assert found.cons_at_k.value == pytest.approx(0.5)  # a: 0, b: 1, c: a tie of 7 and 1
    assert found.cap_hit_rate == pytest.approx(1 / 3)
    assert found.well_formed == pytest.approx(2 / 3)


def test_models_are_kept_apart():
    both = pl.concat([attempts({"a": [True]}, "s"), attempts({"a": [False]}, "t")])
    assert [(m.student_id, m.pass_at_1.value) for m in metrics(both)] == [("s", 1.0), ("t", 0.0)]


@pytest.mark.parametrize(
    "part", [attempts({"a": [True, True], "b": [True]}), attempts({"a": [True]}).clear()]
)
def test_an_item_with_too_few_attempts_is_an_error(part: pl.DataFrame):
    with pytest.raises(SchemaError, match="Run the evaluation again"):
        difference(part, part)


def test_an_attempt_that_is_counted_twice_is_an_error():
    with pytest.raises(SchemaError, match="item a has 2"):
        metrics(
            pl.concat(
                [attempts({"a": [True], "b": [True]}), attempts({"a": [True]}), attempts({"b": [True]})]
            )
        )


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=30))
def test_the_difference_is_paired_and_turns_with_its_sides(pairs: list[tuple[int, int]]):
    def side(which: int) -> pl.DataFrame:
        return attempts({f"{i}": [j < pair[which] for j in range(4)] for i, pair in enumerate(pairs)})

    found, turned = difference(side(0), side(1)), difference(side(1), side(0))
    assert found.value == pytest.approx(sum(a - b for a, b in pairs) / 4 / len(pairs))
    assert (found.low, found.high) == pytest.approx((-turned.high, -turned.low))
    assert -1 <= found.low <= found.value <= found.high <= 1


def test_pairing_makes_the_difference_surer_than_its_two_sides():
    hard = {f"h{i}": [False] * 4 for i in range(20)} | {f"e{i}": [True, True, True, False] for i in range(20)}
    harder = {f"h{i}": [False] * 4 for i in range(20)} | {
        f"e{i}": [True, True, False, False] for i in range(20)
    }
    found = difference(attempts(hard), attempts(harder))
    [side] = metrics(attempts(hard))
    assert found.low > 0
    assert found.high - found.low < (side.pass_at_1.high - side.pass_at_1.low) / 2


def test_other_items_cannot_be_compared():
    with pytest.raises(SchemaError, match="different items"):
        difference(attempts({"a": [True]}), attempts({"b": [True]}))


def sides(pairs: list[tuple[int, int]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Attempts of two models, four at each item; `pairs` says how many each of them solves."""
    both = [{f"{i}": [j < pair[which] for j in range(4)] for i, pair in enumerate(pairs)} for which in (0, 1)]
    return attempts(both[0]), attempts(both[1])


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 4)), min_size=8, max_size=30))
def test_at_both_ends_of_a_ratio_the_student_is_one_interval_from_that_share_of_the_other(
    pairs: list[tuple[int, int]],
):
    found = ratio(*sides(pairs))
    if found is None:
        return
    assert 0 <= found.low <= found.value + 1e-9 and found.value <= found.high + 1e-9
    assert found.value == pytest.approx(sum(a for a, _ in pairs) / sum(b for _, b in pairs))
    if any(len(set(rates)) == 1 for rates in zip(*pairs, strict=True)):
        return  # they have no spread, and another interval
    rest = np.array([a / 4 - found.high * b / 4 for a, b in pairs])
    assert rest.mean() ** 2 == pytest.approx(Z**2 * rest.var(ddof=1) / len(rest), abs=1e-9)


def test_a_ratio_to_a_model_that_may_solve_nothing_cannot_be_told():
    assert ratio(*sides([(4, 0)] * 10)) is None
    assert ratio(*sides([(4, 4)] + [(4, 0)] * 9)) is None
    assert ratio(*sides([(2, 4)])) is None


def test_pass_at_k_is_told_for_powers_of_two_and_for_k_each_with_an_interval():
    assert powers(1) == [1] and powers(4) == [1, 2, 4] and powers(6) == [1, 2, 4, 6]
    [found] = metrics(attempts({f"{i}": [True] + [False] * 5 for i in range(20)}))
    values = {k: one.value for k, one in found.pass_at.items()}
    assert values == pytest.approx({1: 1 / 6, 2: 1 / 3, 4: 2 / 3, 6: 1})
    assert all(one.low < one.value <= one.high for one in found.pass_at.values())
    assert found.cons_at_k.low < found.cons_at_k.value


def test_an_attempt_that_finished_without_a_verdict_is_counted_apart():
    [found] = metrics(attempts({"a": [False, False]}, verdict="unknown"))
    assert (found.unknown_rate, found.cap_hit_rate, found.pass_at_1.value) == (1, 0, 0)
