"""What a curve began and ended with is a mean of steps, not one of them."""

import pytest

from r1data.train.student import ends


@pytest.mark.parametrize(("n", "size"), [(1, 1), (2, 1), (19, 1), (20, 2), (504, 50)])
def test_the_ends_of_a_curve_are_its_first_and_last_tenth_and_never_empty(n: int, size: int):
    first, last = ends(range(n))
    assert list(first) == list(range(size))
    assert list(last) == list(range(n - size, n))
