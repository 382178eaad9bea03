import pytest

from r1data.report.plan import duration, said


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (61, "1 min"), (5400, "1 h 30 min"), (-90000, "-25 h 0 min")],
)
def test_seconds_are_told_in_words(seconds: float, words: str):
    assert duration(seconds) == words


def test_what_is_unknown_is_a_dash_and_small_money_keeps_its_digits():
    assert said("time_s", None) == said("cost_usd", None) == "—"
    assert (said("cost_usd", 0.0123), said("cost_usd", 1234.5)) == ("0.0123", "1,234.50")
    assert said("completion_tokens", 1234.4) == "1,234"
