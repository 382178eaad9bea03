"""What a night and its prompts may still use up: attempts, tokens, money, time.

A limit is hard: an attempt begins only if its worst case (every byte of its prompt a token, its cap used up)
fits beside what was used and what is in flight. What a server bills for requests that failed is not known
here, and not counted.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from r1data.errors import ConfigError
from r1data.generate.attempts import Attempt
from r1data.generate.prices import cost_usd, machine_usd
from r1data.prompts.length import TEMPLATE_TOKENS
from r1data.recipe import Generate

HOLD = "hold"
"""It does not fit beside what is in flight; it may once some of that has come back."""
_KEYS = ("attempts", "tokens", "usd", "wall_s")
Use = dict[str, float]


@dataclass
class _Account:
    limits: Use
    used: Use = field(default_factory=lambda: dict.fromkeys(_KEYS, 0.0))
    reserved: Use = field(default_factory=lambda: dict.fromkeys(_KEYS, 0.0))

    def refusal(self, worst: Use) -> str | None:
        """None when it fits, HOLD when perhaps later, else the limit that it would exceed."""
        verdict = None
        for key, limit in self.limits.items():
            if self.used[key] + self.reserved[key] + worst[key] > limit:
                if not self.reserved["attempts"]:
                    return key
                verdict = HOLD
        return verdict

    def reserve(self, use: Use, sign: int) -> None:
        for key in _KEYS:
            self.reserved[key] += sign * use[key]

    def charge(self, use: Use) -> None:
        for key in _KEYS:
            self.used[key] += use[key]


class Budget:
    """The accounts of a night and, where the recipe limits them, of its prompts."""

    def __init__(
        self,
        generate: Generate,
        used: Iterable[Mapping[str, Any]] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open the accounts; the clock of `wall_s` starts.

        Args:
            generate: section with `budget` and `prices`.
            used: what counts already, the stored rollouts of the night: prompt_id, prompt_tokens,
                completion_tokens, cost_usd, elapsed_s.
            clock: seconds.

        Raises:
            ConfigError: a limit in money without prices.
        """
        limits = {key: value for key, value in generate.budget.model_dump().items() if value is not None}
        if generate.prices is None and {"usd", "usd_per_prompt"} & set(limits):
            raise ConfigError(
                "[generate.budget] limits money, but nothing has a price. Add [generate.prices]."
            )
        self._prices, self._clock, self._began = generate.prices, clock, clock()
        self._wall_s = limits.pop("wall_s", math.inf)
        self._night = _Account({key: value for key, value in limits.items() if key in _KEYS})
        per_prompt = {key: limits[f"{key}_per_prompt"] for key in _KEYS if f"{key}_per_prompt" in limits}
        self._prompts: dict[str, _Account] = defaultdict(lambda: _Account(per_prompt))
        self._limits_prompts = bool(per_prompt)
        self._no_limits = not limits
        for row in used:
            self._charge(row)

    def night_refusal(self, attempt: Attempt) -> str | None:
        """None while the night has room for an attempt, HOLD when perhaps later, else why never again."""
        if self._elapsed_s() >= self._wall_s:
            return "budget_wall"
        if self._no_limits:
            return None
        worst = self._worst(attempt)
        worst["usd"] += machine_usd(self._prices, self._elapsed_s()) or 0.0
        return _reason(self._night.refusal(worst))

    def prompt_refusal(self, attempt: Attempt) -> str | None:
        """The same for the attempt's prompt alone."""
        if not self._limits_prompts:
            return None
        return _reason(self._prompts[attempt.request.prompt_id].refusal(self._worst(attempt)))

    def begin(self, attempt: Attempt) -> None:
        """Reserve the worst case of an attempt that is submitted."""
        self._reserve(attempt, 1)

    def end(self, attempt: Attempt, row: Mapping[str, Any]) -> None:
        """Put what a row says that it took in the place of its attempt's reservation."""
        self._reserve(attempt, -1)
        self._charge(row)

    def _elapsed_s(self) -> float:
        return self._clock() - self._began

    def _reserve(self, attempt: Attempt, sign: int) -> None:
        if self._no_limits:
            return
        worst = self._worst(attempt)
        self._night.reserve(worst, sign)
        if self._limits_prompts:
            self._prompts[attempt.request.prompt_id].reserve(worst, sign)

    def _charge(self, row: Mapping[str, Any]) -> None:
        if self._no_limits:
            return
        tokens = (row["prompt_tokens"] or 0) + (row["completion_tokens"] or 0)
        use = {
            "attempts": 1,
            "tokens": tokens,
            "usd": row["cost_usd"] or 0.0,
            "wall_s": row["elapsed_s"] or 0.0,
        }
        self._night.charge(use)
        if self._limits_prompts:
            self._prompts[row["prompt_id"]].charge(use)

    def _worst(self, attempt: Attempt) -> Use:
        request = attempt.request
        prompt = sum(len(message["content"].encode()) + TEMPLATE_TOKENS for message in request.messages)
        usd = cost_usd(self._prices, prompt, 0, request.max_tokens) or 0.0
        return {"attempts": 1, "tokens": prompt + request.max_tokens, "usd": usd, "wall_s": 0.0}


def _reason(refusal: str | None) -> str | None:
    return refusal if refusal in (None, HOLD) else f"budget_{refusal.removesuffix('_s')}"
