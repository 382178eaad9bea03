"""κ and its interval against the papers that gave them, and against their own bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1data.evaluate.estimate import Z
from r1data.judge.kappa import cohens_kappa, share

TABLES = st.lists(st.lists(st.integers(0, 50), min_size=2, max_size=2), min_size=2, max_size=2)


@pytest.mark.parametrize(
    ("table", "kappa", "standard_error"),
    [
        # Fleiss, Cohen & Everitt 1969, section 2: proportions of 200, variance 0.002885.
        ([[106, 10, 4], [22, 28, 10], [2, 12, 6]], 0.429, 0.002885**0.5),
        # Fleiss, Levin & Paik 2003, table 18.1: 100 diagnoses by two raters.
        ([[75, 1, 4], [5, 4, 1], [0, 0, 10]], 0.676, 0.0877),
    ],
)
def test_kappa_and_its_interval_are_those_of_the_worked_examples(table, kappa, standard_error):
    found = cohens_kappa(table)
    assert found.value == pytest.approx(kappa, abs=5e-4)
    assert (found.high - found.low) / (2 * Z) == pytest.approx(standard_error, abs=5e-5)


@given(TABLES)
def test_kappa_keeps_within_its_bounds_and_does_not_care_who_is_first(table):
    found = cohens_kappa(table)
    turned = cohens_kappa(list(zip(*table, strict=True)))
    if found is None:
        assert turned is None
        return
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert (turned.value, turned.low, turned.high) == pytest.approx((found.value, found.low, found.high))
    relabelled = cohens_kappa([row[::-1] for row in table[::-1]])
    assert relabelled.value == pytest.approx(found.value)


def test_kappa_of_agreement_by_chance_is_nothing_and_of_one_word_only_undefined():
    always = cohens_kappa([[20, 0], [20, 0]])
    assert (always.value, always.low) == (0, 0)
    assert cohens_kappa([[20, 0], [0, 20]]).value == 1
    assert cohens_kappa([[20, 0], [0, 0]]) is None
    assert cohens_kappa([[0, 0], [0, 0]]) is None


def test_a_share_has_wilsons_interval():
    # Brown, Cai & DasGupta 2001 give the formula; 3 of 10 is (0.108, 0.603).
    found = share([True] * 3 + [False] * 7)
    assert (found.value, found.low, found.high) == pytest.approx((0.3, 0.1078, 0.6032), abs=1e-4)
    assert share([]) is None
