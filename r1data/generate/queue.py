"""The queue of a night: which attempt begins next, which waits, and which never begins.

Attempts come in the order of the plan and begin in that order, but for these rules:

- a retry waits for the rollout that it repeats, and begins only if that one hits its cap;
- with `Adaptive`, a prompt that has enough right attempts, or none after many, is settled: what of it has not
  begun is left out. An attempt waits while those in flight may already be enough, unless slots fall idle;
- with a `Budget`, an attempt waits or is left out as `r1data.generate.budget` says.

What has begun is never called back, so no rollout is lost for being long.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from r1data.generate.attempts import Attempt
from r1data.generate.budget import HOLD, Budget
from r1data.recipe import Adaptive

_FULL = "full"
"""The night has no room now; nothing else may overtake this attempt."""
_LEFT_OUT = "left out"


@dataclass
class Standing:
    """How a prompt fares so far."""

    n_judged: int = 0
    """Finished attempts whose verdict is known."""
    n_right: int = 0
    n_in_flight: int = 0
    n_unjudged: int = 0
    """Finished attempts whose verdict is not known yet."""

    @property
    def n_open(self) -> int:
        """Attempts that may still turn out right."""
        return self.n_in_flight + self.n_unjudged


class Queue:
    """The attempts of a night in the order in which they begin."""

    def __init__(
        self,
        attempts: Iterable[Attempt],
        *,
        budget: Budget | None = None,
        adaptive: Adaptive | None = None,
        standings: Mapping[str, Standing] | None = None,
        truncated: Collection[str] = (),
    ) -> None:
        """Nothing is taken from `attempts` yet.

        Args:
            attempts: in the order of the plan; retries after what they repeat.
            budget: of the night.
            adaptive: when to stop asking a prompt; `judged` must then be told every verdict.
            standings: by prompt id, from attempts of other runs.
            truncated: stored rollouts that hit their cap and have retries among `attempts`.
        """
        self.adaptive = adaptive
        self.settled: dict[str, str] = {}
        """Prompts of which nothing more begins, with the reason."""
        self.ended: str | None = None
        """Why nothing more begins at all; None while the budget allows it."""
        self._attempts: Iterator[Attempt] = iter(attempts)
        self._exhausted = False
        self._budget = budget
        self._standings: dict[str, Standing] = dict(standings or {})
        self._truncated = set(truncated)
        self._in_flight: set[str] = set()
        self._waiting: dict[str, deque[Attempt]] = {}
        self._awake: dict[str, None] = {}  # prompts whose first waiting attempt is to be looked at, in order

    @property
    def empty(self) -> bool:
        """Whether nothing is left to begin, neither now nor later."""
        return self.ended is not None or (self._exhausted and not self._waiting)

    def begins(self) -> bool:
        """Whether there is something to begin now: if not, no engine is needed."""
        return self._find() is not None

    def take(self, room: int, idle: int = 0) -> list[Attempt]:
        """Up to `room` attempts to begin now; `idle` slots of the engine have nothing to do otherwise."""
        taken: list[Attempt] = []
        while len(taken) < room and (attempt := self._next()):
            taken.append(self._begin(attempt))
        if self.adaptive and len(taken) < min(room, idle):
            for attempt in [waiting[0] for waiting in self._waiting.values()]:
                if len(taken) < min(room, idle) and self._verdict(attempt, idle=True) is None:
                    taken.append(self._begin(self._pop(attempt.request.prompt_id)))
        return taken

    def finished(self, attempt: Attempt, row: Mapping[str, Any]) -> None:
        """Tell that an attempt in flight became a row of table `rollouts`."""
        rollout_id = attempt.request.rollout_id
        self._in_flight.discard(rollout_id)
        if row["finish_reason"] == "length" and attempt.retry_of is None:
            self._truncated.add(rollout_id)
        if self.adaptive:
            standing = self._standings[attempt.request.prompt_id]
            standing.n_in_flight -= 1
            standing.n_unjudged += 1
        if self._budget:
            self._budget.end(attempt, row)
        self._wake(attempt.request.prompt_id)

    def judged(self, prompt_id: str, right: bool) -> None:
        """Tell the verdict of an attempt that has finished."""
        standing = self._standings[prompt_id]
        standing.n_judged += 1
        standing.n_right += right
        standing.n_unjudged -= 1
        self._wake(prompt_id)

    def _next(self) -> Attempt | None:
        return None if (prompt_id := self._find()) is None else self._pop(prompt_id)

    def _find(self) -> str | None:
        """The prompt whose first waiting attempt begins next; what is left out on the way is gone."""
        while self.ended is None:
            if not self._awake:
                attempt = next(self._attempts, None)
                if attempt is None:
                    self._exhausted = True
                    return None
                self._waiting.setdefault(attempt.request.prompt_id, deque()).append(attempt)
                self._wake(attempt.request.prompt_id)
            prompt_id = next(iter(self._awake))
            verdict = self._verdict(self._waiting[prompt_id][0])
            if verdict is None:
                return prompt_id
            if verdict == _FULL:
                return None
            if verdict == HOLD:
                del self._awake[prompt_id]
            else:
                self._pop(prompt_id)
        return None

    def _wake(self, prompt_id: str) -> None:
        if prompt_id in self._waiting:
            self._awake[prompt_id] = None

    def _pop(self, prompt_id: str) -> Attempt:
        waiting = self._waiting[prompt_id]
        attempt = waiting.popleft()
        if not waiting:
            del self._waiting[prompt_id]
            self._awake.pop(prompt_id, None)
        return attempt

    def _begin(self, attempt: Attempt) -> Attempt:
        self._in_flight.add(attempt.request.rollout_id)
        if attempt.retry_of:
            self._truncated.discard(attempt.retry_of)
        if self._budget:
            self._budget.begin(attempt)
        if self.adaptive:
            self._standings.setdefault(attempt.request.prompt_id, Standing()).n_in_flight += 1
        return attempt

    def _verdict(self, attempt: Attempt, *, idle: bool = False) -> str | None:
        """None to begin it, HOLD or _FULL to let it wait, something else to leave it out."""
        prompt_id = attempt.request.prompt_id
        if prompt_id in self.settled:
            return _LEFT_OUT
        if attempt.retry_of and attempt.retry_of not in self._truncated:
            return HOLD if attempt.retry_of in self._in_flight else _LEFT_OUT
        if self.adaptive and self._settle(attempt, idle) == HOLD:
            return HOLD
        if self._budget and prompt_id not in self.settled:
            refusal = self._budget.prompt_refusal(attempt)
            if refusal == HOLD:
                return HOLD
            if refusal:
                self.settled[prompt_id] = refusal
        if prompt_id in self.settled:
            return _LEFT_OUT
        return self._of_night(attempt)

    def _settle(self, attempt: Attempt, idle: bool) -> str | None:
        """HOLD while those in flight may be enough; a prompt that has enough, or none, is settled.

        An idle slot waits for a verdict, which takes milliseconds, but not for an attempt in flight.
        """
        rule = self.adaptive
        assert rule is not None
        standing = self._standings.get(attempt.request.prompt_id)
        if standing is None or attempt.request.index < rule.first:
            return None
        if standing.n_right >= rule.enough:
            self.settled[attempt.request.prompt_id] = "solved"
            return None
        if rule.futile_after and standing.n_judged >= rule.futile_after and not standing.n_right:
            if standing.n_open:
                return HOLD
            self.settled[attempt.request.prompt_id] = "futile"
            return None
        enough = standing.n_right + standing.n_open >= rule.enough
        return HOLD if enough and (standing.n_unjudged or not idle) else None

    def _of_night(self, attempt: Attempt) -> str | None:
        refusal = self._budget.night_refusal(attempt) if self._budget else None
        if refusal == HOLD:
            return _FULL
        self.ended = refusal
        return _LEFT_OUT if refusal else None
