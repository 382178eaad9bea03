"""Evaluation: ask a benchmark, verify, and say how sure one may be of the difference."""

from r1data.evaluate.attempts import Candidate, attempts_of, student_id
from r1data.evaluate.evaluate import evaluate
from r1data.evaluate.metrics import Estimate, Metrics, difference, metrics

__all__ = [
    "Candidate",
    "Estimate",
    "Metrics",
    "attempts_of",
    "difference",
    "evaluate",
    "metrics",
    "student_id",
]
