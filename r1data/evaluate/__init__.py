"""Evaluation: ask a benchmark, verify, and say how sure one may be of the difference."""

from r1data.evaluate.attempts import Ask, Candidate, attempts_of, check_complete, student_id
from r1data.evaluate.contaminated import Contaminated, contaminated
from r1data.evaluate.estimate import Estimate, difference, ratio
from r1data.evaluate.evaluate import evaluate
from r1data.evaluate.metrics import Metrics, metrics

__all__ = [
    "Ask",
    "Candidate",
    "Contaminated",
    "Estimate",
    "Metrics",
    "attempts_of",
    "check_complete",
    "contaminated",
    "difference",
    "evaluate",
    "metrics",
    "ratio",
    "student_id",
]
