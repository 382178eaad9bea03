"""Prometheus metrics of a server, in three tiers: the traffic, the thoughts, the worth of answers."""

import math
from collections import deque
from statistics import quantiles

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 600, 1800)
RECENT = 1024
"""Requests whose seconds the gauges of p50 and p99 look at."""


class Metrics:
    """What a server counts. All names begin with `r1data_`; docs/serving.md lists them."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._n_judged = self._n_right = 0
        # Tier 1
        self.requests = Counter("r1data_requests", "Requests", ["path", "status"], registry=registry)
        self.seconds = Histogram(
            "r1data_request_seconds",
            "Seconds from a request's arrival to the end of its answer, of those that were answered",
            ["path"],
            buckets=BUCKETS_S,
            registry=registry,
        )
        self.errors = Counter("r1data_errors", "Requests that were not answered", ["kind"], registry=registry)
        self.waiting = Gauge("r1data_queue_length", "Completions that wait for a slot", registry=registry)
        self.running = Gauge("r1data_running", "Completions that have a slot", registry=registry)
        self._quantiles = Gauge(
            "r1data_request_seconds_recent",
            f"Seconds of the last {RECENT} answered requests",
            ["quantile"],
            registry=registry,
        )
        # Tier 2
        self.thought_tokens = Counter("r1data_thought_tokens", "Tokens of thoughts", registry=registry)
        self.answer_tokens = Counter("r1data_answer_tokens", "All other tokens written", registry=registry)
        self.cap_hits = Counter(
            "r1data_cap_hits",
            "Attempts that a cap ended: of tokens, of thought tokens, or the deadline",
            ["cap"],
            registry=registry,
        )
        # Tier 3
        self.attempts = Counter("r1data_attempts", "Attempts that were made", registry=registry)
        self.verdicts = Counter(
            "r1data_verdicts", "Answers that a verifier judged", ["verdict"], registry=registry
        )
        self._solved = Gauge(
            "r1data_solved_share",
            "Share of the answers that a verifier judged that were right; NaN before the first",
            registry=registry,
        )
        self.thumbs = Counter("r1data_thumbs", "Thumbs of readers", ["thumb"], registry=registry)
        for word in ("right", "wrong", "unknown"):
            self.verdicts.labels(word)
        for thumb in ("up", "down"):
            self.thumbs.labels(thumb)
        for cap in ("tokens", "thought", "deadline"):
            self.cap_hits.labels(cap)

    def judged(self, verdict: str) -> None:
        """Count an answer that a verifier judged."""
        self.verdicts.labels(verdict).inc()
        self._n_judged += 1
        self._n_right += verdict == "right"

    def answered(self, path: str, seconds: float) -> None:
        """Count the time of an answered request; feedback takes none that anybody waits for."""
        self.seconds.labels(path).observe(seconds)
        if path.endswith("completions"):
            self._recent.append(seconds)

    def quantile(self, share: float) -> float:
        """Seconds within which that share of the recent requests was answered; NaN before the first."""
        if len(self._recent) < 2:
            return self._recent[0] if self._recent else math.nan
        return quantiles(self._recent, n=100, method="inclusive")[round(share * 100) - 1]

    def text(self, *, waiting: int, running: int) -> bytes:
        """Everything in Prometheus' text format."""
        self.waiting.set(waiting)
        self.running.set(running)
        for share in (0.5, 0.99):
            self._quantiles.labels(str(share)).set(self.quantile(share))
        self._solved.set(self._n_right / self._n_judged if self._n_judged else math.nan)
        return generate_latest(self.registry)
