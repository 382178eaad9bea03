import pytest

from r1data.generate.prices import cost_usd, machine_usd
from r1data.recipe import Prices

PRICES = Prices(usd_per_million_prompt_tokens=2, usd_per_million_completion_tokens=8, usd_per_hour=3)


def test_without_prices_a_cost_is_unknown_not_nothing():
    assert cost_usd(None, 100, 0, 100) is None
    assert machine_usd(None, 60) is None


def test_tokens_are_paid_by_the_million():
    assert cost_usd(PRICES, 1_000_000, 0, 500_000) == pytest.approx(2 + 4)
    assert cost_usd(PRICES, 0, None, 0) == 0


def test_cached_tokens_have_their_own_price_and_else_that_of_a_prompt_token():
    cheap = PRICES.model_copy(update={"usd_per_million_cached_tokens": 0.5})
    free = PRICES.model_copy(update={"usd_per_million_cached_tokens": 0.0})
    assert cost_usd(PRICES, 1_000_000, 400_000, 0) == pytest.approx(2)
    assert cost_usd(cheap, 1_000_000, 400_000, 0) == pytest.approx(0.6 * 2 + 0.4 * 0.5)
    assert cost_usd(free, 1_000_000, 400_000, 0) == pytest.approx(0.6 * 2)


def test_more_cached_tokens_than_the_prompt_has_count_as_all_of_them():
    free = PRICES.model_copy(update={"usd_per_million_cached_tokens": 0.0})
    assert cost_usd(free, 10, 50, 0) == 0


def test_the_price_by_the_hour_is_of_the_machine_and_of_no_rollout():
    assert machine_usd(PRICES, 1800) == pytest.approx(1.5)
    assert cost_usd(Prices(usd_per_hour=3), 1000, 0, 1000) == 0
