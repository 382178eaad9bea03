"""What attempts at a benchmark say of a model, each with how sure one may be.

Attempts at one item are alike, so items are the unit of chance, not attempts: Miller 2024, *Adding
Error Bars to Evals*, arXiv:2411.00640.
"""

import math
from collections import Counter
from dataclasses import dataclass
from statistics import NormalDist, fmean, variance

import polars as pl

from r1data.errors import SchemaError

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


@dataclass(frozen=True)
class Metrics:
    """How one model fared on one benchmark."""

    student_id: str
    student: str
    benchmark: str
    n_items: int
    k: int
    """Attempts per item."""
    pass_at_1: Estimate
    """Mean over items of the share of solved attempts; a completion that hit the cap is unsolved."""
    pass_at_k: float
    """Share of items that at least one of k attempts solves."""
    cons_at_k: float
    """Share of items whose most frequent answer is right, whatever its form."""
    well_formed: float
    """Share of attempts whose thought was opened, closed and followed by an answer."""
    last_number: Estimate
    """Like pass_at_1, but the last number (or word) decides, whatever the form."""
    cap_hit_rate: float
    """Share of attempts that hit the cap of tokens."""
    mean_completion_tokens: float
    mean_elapsed_s: float
    """Seconds per attempt, from submission to the last token; attempts share the engine."""


def metrics(evaluations: pl.DataFrame) -> list[Metrics]:
    """Sum up evaluations: one entry per model and benchmark, ordered by benchmark and student.

    Args:
        evaluations: rows of table `evaluations`.

    Raises:
        SchemaError: the items of a benchmark do not all have the same number of attempts.
    """
    groups = evaluations.sort("benchmark", "student", "student_id", "item_id", "index")
    parts = groups.partition_by("benchmark", "student_id", maintain_order=True)
    return [_metrics(part) for part in parts]


def _metrics(attempts: pl.DataFrame) -> Metrics:
    k = attempts_per_item(attempts)
    items = _by_item(attempts)
    first = attempts.row(0, named=True)
    return Metrics(
        student_id=first["student_id"],
        student=first["student"],
        benchmark=first["benchmark"],
        n_items=items.height,
        k=k,
        pass_at_1=mean_rate(items["rate"].to_list(), k=k),
        pass_at_k=fmean(pass_at_k(k, n_solved, k) for n_solved in items["n_solved"]),
        cons_at_k=fmean(map(consensus, items["answers"].to_list(), items["right"].to_list())),
        well_formed=fmean(attempts["well_formed"]),
        last_number=mean_rate(items["last_number_rate"].to_list(), k=k),
        cap_hit_rate=fmean(attempts["finish_reason"] == "length"),
        mean_completion_tokens=fmean(attempts["completion_tokens"]),
        mean_elapsed_s=fmean(attempts["elapsed_s"]),
    )


def _by_item(attempts: pl.DataFrame) -> pl.DataFrame:
    return attempts.group_by("item_id", maintain_order=True).agg(
        rate=pl.col("solved").mean(),
        n_solved=pl.col("solved").sum(),
        last_number_rate=pl.col("last_number_right").mean(),
        answers=pl.col("extracted"),
        right=pl.col("verdict") == "right",
    )


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


def pass_at_k(n: int, n_solved: int, k: int) -> float:
    """Probability that k of n attempts, drawn without replacement, hold a solved one.

    1 - C(n - c, k) / C(n, k), c of the n attempts being solved.

    The unbiased estimate of Chen et al. 2021, *Evaluating Large Language Models Trained on Code*,
    arXiv:2107.03374.
    """
    if not 1 <= k <= n:
        raise ValueError(f"pass@{k} needs at least {k} attempts; there are {n}")
    return 1 - math.comb(n - n_solved, k) / math.comb(n, k)


def consensus(answers: list[str | None], right: list[bool]) -> float:
    """Whether the most frequent of an item's answers is right, 0 or 1; of tied answers, the share that are.

    Attempts without an answer do not vote (cons@k of DeepSeek-R1; Wang et al. 2022, *Self-Consistency*,
    arXiv:2203.11171). Answers are compared as extracted, so two spellings of one number are two answers.
    """
    votes = Counter(answer for answer in answers if answer is not None)
    if not votes:
        return 0.0
    most = max(votes.values())
    winners = {answer for answer, n in votes.items() if n == most}
    accepted = {answer for answer, ok in zip(answers, right, strict=True) if ok}
    return len(winners & accepted) / len(winners)


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


def difference(student: pl.DataFrame, base: pl.DataFrame, *, column: str = "solved") -> Estimate:
    """How much more of a benchmark the student solves than its base, as a difference of pass@1, -1 … 1.

    Items are paired, so their difficulty cancels (Miller 2024, section 4.2); the interval is the normal
    one over items, and too narrow under about 30 of them.

    Args:
        student, base: rows of table `evaluations` for the same items, one model each.
        column: solved or last_number_right.

    Raises:
        SchemaError: the two do not have the same items, or attempts are missing.
    """
    rates = []
    for attempts in (student, base):
        attempts_per_item(attempts)
        rates.append(attempts.group_by("item_id").agg(pl.col(column).mean()))
    paired = rates[0].join(rates[1], on="item_id", how="full", suffix="_base", coalesce=True)
    gains = (paired[column] - paired[f"{column}_base"]).to_list()
    if None in gains:
        raise SchemaError("Student and base were asked different items. Evaluate both on the same benchmark.")
    mean = fmean(gains)
    half = Z * math.sqrt(variance(gains) / len(gains)) if len(gains) > 1 else 1.0
    return Estimate(mean, max(-1.0, mean - half), min(1.0, mean + half))
