"""What attempts at a benchmark say of a model, each with how sure one may be."""

import math
from collections import Counter
from dataclasses import dataclass
from statistics import fmean

import polars as pl

from r1data.evaluate.attempts import NOT_RUN
from r1data.evaluate.estimate import Estimate, attempts_per_item, mean_rate


@dataclass(frozen=True)
class Metrics:
    """How one model fared on one benchmark."""

    student_id: str
    student: str
    benchmark: str
    n_items: int
    k: int
    """Attempts per item."""
    pass_at: dict[int, Estimate]
    """Share of items that at least one of 1, 2, 4, … k attempts solves, by that number; at 1 it is the mean
    over items of the share of solved attempts. A completion that hit the cap is unsolved.
    """
    cons_at_k: Estimate
    """Share of items whose most frequent answer is right, whatever its form."""
    well_formed: float
    """Share of attempts whose thought was opened, closed and followed by an answer."""
    last_number: Estimate
    """Like pass@1, but the last number (or word) decides, whatever the form."""
    cap_hit_rate: float
    """Share of attempts that hit the cap of tokens."""
    unknown_rate: float
    """Share of attempts that finished and yet have no verdict; they count as unsolved."""
    not_run_rate: float
    """Share of attempts that the engine rejected, such as a prompt longer than the context, or, in rows of
    before, failed at; they count as unsolved.
    """
    mean_completion_tokens: float
    mean_elapsed_s: float
    """Seconds per attempt, from submission to the last token; attempts share the engine."""

    @property
    def pass_at_1(self) -> Estimate:
        """R1's measure."""
        return self.pass_at[1]


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
    consensuses = list(map(consensus, items["answers"].to_list(), items["right"].to_list()))
    finished = attempts["finish_reason"] == "stop"
    return Metrics(
        student_id=first["student_id"],
        student=first["student"],
        benchmark=first["benchmark"],
        n_items=items.height,
        k=k,
        pass_at={j: _pass_at(items["n_solved"].to_list(), k, j) for j in powers(k)},
        cons_at_k=mean_rate(consensuses, k=1),
        well_formed=fmean(attempts["well_formed"]),
        last_number=mean_rate(items["last_number_rate"].to_list(), k=k),
        cap_hit_rate=fmean(attempts["finish_reason"] == "length"),
        unknown_rate=fmean(finished & (attempts["verdict"] == "unknown")),
        not_run_rate=fmean(attempts["finish_reason"].is_in(NOT_RUN)),
        mean_completion_tokens=fmean(attempts["completion_tokens"]),
        mean_elapsed_s=fmean(attempts["elapsed_s"]),
    )


def _by_item(attempts: pl.DataFrame) -> pl.DataFrame:
    return attempts.group_by("item_id", maintain_order=True).agg(
        n_solved=pl.col("solved").sum(),
        last_number_rate=pl.col("last_number_right").mean(),
        answers=pl.col("extracted"),
        right=pl.col("verdict") == "right",
    )


def powers(k: int) -> list[int]:
    """1, 2, 4, … up to k, and k."""
    return sorted({2**i for i in range(k.bit_length())} | {k})


def _pass_at(n_solved: list[int], n: int, k: int) -> Estimate:
    """pass@k over items of n attempts each; of n attempts, n // k draws of k have nothing in common."""
    return mean_rate([pass_at_k(n, solved, k) for solved in n_solved], k=n // k)


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
