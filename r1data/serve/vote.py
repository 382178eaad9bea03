"""Self-consistency: the most frequent answer of several attempts (Wang et al. 2022, arXiv:2203.11171)."""

from collections import Counter

from r1data.verify.math.answers import extract


class Vote:
    """Answers of attempts as they finish. Answers are compared as the verifier `math` extracts them."""

    def __init__(self, attempts: int) -> None:
        self._left = attempts
        self.n_counted = 0
        """Attempts that have finished."""
        self._votes: Counter[str] = Counter()

    def add(self, completion: str | None) -> str | None:
        """Count a finished attempt and return its answer; None, or one without an answer, has no vote."""
        self._left -= 1
        self.n_counted += 1
        answer = None if completion is None else extract(completion)
        if answer is not None:
            self._votes[answer] += 1
        return answer

    @property
    def leader(self) -> str | None:
        """The answer with the most votes, of equals the first; None before there is one."""
        return self._votes.most_common(1)[0][0] if self._votes else None

    @property
    def n_leader(self) -> int:
        """Votes of the leader."""
        return max(self._votes.values(), default=0)

    @property
    def decided(self) -> bool:
        """Whether no other answer can reach the leader any more."""
        return self._lead > self._left

    @property
    def wanted(self) -> int:
        """Further attempts that would decide it if all agreed with the leader; 0 once it is decided."""
        return 0 if self.decided else min(self._left, (self._left - self._lead) // 2 + 1)

    @property
    def _lead(self) -> int:
        ordered = [n for _, n in self._votes.most_common(2)] + [0, 0]
        return ordered[0] - ordered[1]
