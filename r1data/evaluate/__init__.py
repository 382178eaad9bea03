"""Evaluation: ask a benchmark, verify, and say how sure one may be of the difference."""

from r1data.evaluate.attempts import Ask, Candidate, attempts_of, check_complete
from r1data.evaluate.contaminated import contaminated
from r1data.evaluate.estimate import Estimate, difference
from r1data.evaluate.evaluate import evaluate
from r1data.evaluate.metrics import metrics

__all__ = [
    "Ask",
    "Candidate",
    "Estimate",
    "attempts_of",
    "check_complete",
    "contaminated",
    "difference",
    "evaluate",
    "metrics",
]
