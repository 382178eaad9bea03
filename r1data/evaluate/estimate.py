"""Numbers with their intervals, over the items of a benchmark.

Attempts at one item are alike, so items are the unit of chance, not attempts: Miller 2024, *Adding
Error Bars to Evals*, arXiv:2411.00640.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist, covariance, fmean, variance

import polars as pl

from r1data.errors import SchemaError

SHARES = ("solved", "last_number_right")
"""Columns of table `evaluations` that are right or wrong."""
CONFIDENCE = 0.95
Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float

    def percent(self) -> str:
        """For people: `58.0 % (51.2 … 64.5)`."""
        return f"{self.value:.1%} ({100 * self.low:.1f} … {100 * self.high:.1f})".replace("%", " %")

    def points(self) -> str:
        """A difference of shares for people: `+20.0 points (+9.1 … +30.9)`."""
        return f"{100 * self.value:+.1f} points ({100 * self.low:+.1f} … {100 * self.high:+.1f})"

    def times(self) -> str:
        """A ratio for people: `0.83 (0.71 … 0.98)`."""
        return f"{self.value:.2f} ({self.low:.2f} … {self.high:.2f})"


def attempts_per_item(attempts: pl.DataFrame) -> int:
    """The number of attempts that every item has.

    Raises:
        SchemaError: there are no attempts, or items differ in their number or have one twice.
    """
    counts = (
        attempts.group_by("item_id").agg(n=pl.len(), n_distinct=pl.col("index").n_unique()).sort("item_id")
    )
    n = counts["n"].min() or 0
    bad = counts.filter((pl.col("n") != n) | (pl.col("n_distinct") != pl.col("n")))
    if not n or bad.height:
        item = f"item {bad['item_id'][0]} has {bad['n'][0]}" if bad.height else "there is no item"
        raise SchemaError(
            f"Evaluations are incomplete: items have {n} attempts, but {item}. Run the evaluation again."
        )
    return int(n)


def mean_rate(rates: list[float], *, k: int) -> Estimate:
    """Mean over items of their pass rates, each of k attempts, with Wilson's interval for clusters.

    Wilson's interval (1927) keeps within 0 … 1 and stays honest at both ends, where the normal one has
    no width. It is given the effective number of attempts, p(1 - p) / SE², with SE over items (Kish
    1965): between one attempt per item, when attempts at an item agree, and k.
    """
    n_items, p = len(rates), fmean(rates)
    spread = variance(rates) / n_items if n_items > 1 else 0.0
    alike = n_items if p in (0, 1) or n_items == 1 else n_items * k
    effective = p * (1 - p) / spread if spread else alike
    n = min(max(effective, n_items), n_items * k)
    center = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return Estimate(p, max(0.0, center - half), min(1.0, center + half))


def mean_of(values: list[float]) -> Estimate:
    """Mean over items of a number that is none of a share, with the normal interval over them; without width
    for one item.
    """
    half = Z * math.sqrt(variance(values) / len(values)) if len(values) > 1 else 0.0
    mean = fmean(values)
    return Estimate(mean, mean - half, mean + half)


def difference(student: pl.DataFrame, other: pl.DataFrame, *, column: str = "solved") -> Estimate:
    """How much more of a benchmark the student solves than another model, as a difference of pass@1, -1 … 1.

    Items are paired, so their difficulty cancels (Miller 2024, section 4.2); the interval is the normal
    one over items, and too narrow under about 30 of them. It has no width where each model solves all items
    alike, such as none; then their own intervals are put together (Newcombe 1998, *Interval Estimation for
    the Difference Between Independent Proportions*, method 10).

    Args:
        student, other: rows of table `evaluations` for the same items, one model each.
        column: solved or last_number_right.

    Raises:
        SchemaError: the two do not have the same items, or attempts are missing.
    """
    mine, theirs = _paired(student, other, column)
    gains = [one - two for one, two in zip(mine, theirs, strict=True)]
    mean = fmean(gains)
    if len(gains) > 1 and not variance(mine) and not variance(theirs):
        one, two = _alone(student, column), _alone(other, column)
        below = math.hypot(one.value - one.low, two.high - two.value)
        above = math.hypot(one.high - one.value, two.value - two.low)
        return Estimate(mean, max(-1.0, mean - below), min(1.0, mean + above))
    half = Z * math.sqrt(variance(gains) / len(gains)) if len(gains) > 1 else 1.0
    return Estimate(mean, max(-1.0, mean - half), min(1.0, mean + half))


def ratio(student: pl.DataFrame, other: pl.DataFrame, *, column: str = "solved") -> Estimate | None:
    """The student's pass@1 as a share of another model's, with Fieller's interval over paired items.

    All θ are in it for which the mean of `student - θ · other` is within Z standard errors of 0 (Fieller
    1954, *Some Problems in Interval Estimation*); too narrow under about 30 items, as `difference` is.
    Where one of the two solves all items alike, such as none, the models' own intervals are put together
    (Donner and Zou 2012, *Closed-form confidence intervals for functions of the normal mean and standard
    deviation*, section 2).

    Args:
        student, other: rows of table `evaluations` for the same items, one model each.
        column: solved, last_number_right, or any number that is not negative.

    Returns:
        None when nothing can be told: by its interval, the other model may solve nothing at all.

    Raises:
        SchemaError: the two do not have the same items, or attempts are missing.
    """
    mine, theirs = _paired(student, other, column)
    n, x, y = len(mine), fmean(mine), fmean(theirs)
    if n < 2:
        return None
    scale = Z**2 / n
    a = y**2 - scale * variance(theirs)
    if a <= 0:
        return None
    if column in SHARES and not (variance(mine) and variance(theirs)):
        return _of_two(_alone(student, column), _alone(other, column))
    b = x * y - scale * covariance(mine, theirs)
    c = x**2 - scale * variance(mine)
    half = math.sqrt(max(0.0, b**2 - a * c))
    return Estimate(x / y, max(0.0, (b - half) / a), (b + half) / a)


def _alone(attempts: pl.DataFrame, column: str) -> Estimate:
    """A model's own share, by attempts and items of its own."""
    rates = attempts.group_by("item_id").agg(pl.col(column).mean())[column].to_list()
    return mean_rate(rates, k=attempts_per_item(attempts))


def _of_two(mine: Estimate, theirs: Estimate) -> Estimate:
    """The ratio of two estimates by their own intervals; the second is not 0."""
    product = mine.value * theirs.value

    def end(limit: float, of: float, sign: int) -> float:
        scale = of * (2 * theirs.value - of)
        inside = product**2 - limit * (2 * mine.value - limit) * scale
        return (product + sign * math.sqrt(max(0.0, inside))) / scale

    return Estimate(
        mine.value / theirs.value, max(0.0, end(mine.low, theirs.high, -1)), end(mine.high, theirs.low, 1)
    )


def _paired(student: pl.DataFrame, other: pl.DataFrame, column: str) -> tuple[list[float], list[float]]:
    """Pass rates of two models, item by item."""
    rates = []
    for attempts in (student, other):
        attempts_per_item(attempts)
        rates.append(attempts.group_by("item_id").agg(pl.col(column).mean()).sort("item_id"))
    if not rates[0]["item_id"].equals(rates[1]["item_id"]):
        raise SchemaError("Two models were asked different items. Evaluate both on the same benchmark.")
    return rates[0][column].to_list(), rates[1][column].to_list()
