"""When GRPO stops by itself: a run that has collapsed only costs time, and overwrites what it had learnt.

What this does not see: rewards that rise because the policy found a hole in a verifier. Look at what the
student writes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from statistics import fmean

from r1data.recipe import Alarms

CHANCE = 5
"""A drop must also be as many times the standard error of the difference of two windows, since rewards that
are rare swing: see docs/grpo.md.
"""
FALLING = ("reward", "reward/accuracy")
"""What collapses: all of the reward, or what it is for, while form alone goes on being rewarded."""
NEARLY = 0.98
"""Share of the full reward from which there is little left to learn, so equal groups and low entropy are no
alarm.
"""


def alarm(points: Sequence[Mapping[str, float]], alarms: Alarms, *, full: float) -> str | None:
    """What is wrong with a run, and what to do; None while all is well.

    Means over the last `window` steps are looked at, from the end of the second window on, so that neither
    one bad batch nor the ordinary start of a run is an alarm. Groups that are all alike are borne for four
    windows: where rewards are rare, learning begins with the few that differ.

    Args:
        points: the numbers of every step so far, in order: reward, equal_groups, clipped, entropy.
        alarms: the recipe's bounds.
        full: the largest reward that a completion can have.
    """
    window = alarms.window
    if len(points) < 2 * window:
        return None
    last = points[-window:]
    reward = _mean(last, "reward")
    for fall in _falls(points, alarms):
        if fall.lost > fall.allowed:
            return (
                f"{fall.what} collapse: its mean over {fall.window} steps fell from {fall.best:.3f} (to step "
                f"{fall.step}) to {fall.best - fall.lost:.3f}; reward_drop under [grpo.alarms] allows "
                f"{alarms.reward_drop:.0%} of it. Lower learning_rate, or raise kl"
            )
    clipped = _mean(last, "clipped")
    if clipped > alarms.clipped:
        return (
            f"{clipped:.0%} of completions of the last {window} steps hit the cap; clipped under "
            f"[grpo.alarms] allows {alarms.clipped:.0%}. Raise max_tokens, or punish long completions by "
            '`overlong = "soft"` under [rewards]'
        )
    entropy = _mean(last, "entropy")
    if entropy > alarms.max_entropy:
        return (
            f"entropy is {entropy:.2f} nats per token over {window} steps: the student writes noise; "
            f"max_entropy under [grpo.alarms] allows {alarms.max_entropy:g}. Lower learning_rate"
        )
    if reward >= NEARLY * full:
        return None
    equal = _mean(last, "equal_groups")
    if equal > alarms.equal_groups and len(points) >= 4 * window:
        return (
            f"in {equal:.0%} of groups of the last {window} steps all completions had the same reward, so "
            f"there is nothing to learn; equal_groups under [grpo.alarms] allows {alarms.equal_groups:.0%}. "
            "Choose prompts that the student solves sometimes: the mix's pass rates say which"
        )
    if entropy < alarms.min_entropy:
        return (
            f"entropy is {entropy:.4f} nats per token over {window} steps: the student always writes the "
            f"same, at a reward of {reward:.3f} of {full:g}; min_entropy under [grpo.alarms] is "
            f"{alarms.min_entropy:g}. Lower learning_rate, raise temperature or clip_high"
        )
    return None


def falls(points: Sequence[Mapping[str, float]], alarms: Alarms) -> bool:
    """Whether the reward has lost half of what is an alarm, so these weights are no good checkpoint."""
    return any(fall.lost > fall.allowed / 2 for fall in _falls(points, alarms))


@dataclass(frozen=True)
class _Fall:
    what: str
    window: int
    best: float
    step: int
    """Where the best window ends."""
    lost: float
    """By the last window, of the best one's mean."""
    allowed: float
    """A share of the span down to the worst possible reward, and at least what chance does.

    Chance is read off neighbouring steps (von Neumann, 1941), so what is learnt does not count as chance.
    """


def _falls(points: Sequence[Mapping[str, float]], alarms: Alarms) -> Iterator[_Fall]:
    """How far each number fell, by windows and by doubled ones, which see slower falls through the swing."""
    for name in FALLING:
        told = [point[name] for point in points if name in point]
        for window in (alarms.window, 2 * alarms.window):
            if len(told) >= 2 * window:
                yield _fall(name, told, window, alarms.reward_drop)


def _fall(name: str, told: Sequence[float], window: int, share: float) -> _Fall:
    means = [fmean(told[at : at + window]) for at in range(len(told) - window + 1)]
    best = max(means)
    span, variance = best - min(0.0, *told), fmean((b - a) ** 2 for a, b in pairwise(told)) / 2
    allowed = max(share * span, CHANCE * sqrt(2 * variance / window))
    return _Fall(
        name.rpartition("/")[2],
        window,
        best,
        means.index(best) + window,
        lost=best - means[-1],
        allowed=allowed,
    )


def _mean(points: Sequence[Mapping[str, float]], name: str) -> float:
    return fmean(point[name] for point in points)
