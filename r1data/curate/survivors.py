"""Survivors: which of several duplicates is kept, elected among the traces that pass everything else."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Place:
    """What the election says of one eligible trace."""

    rank: int
    """Place among the eligible traces of its prompt, from 1."""
    twin_id: str | None
    """The accepted trace that it duplicates."""
    beyond: bool
    """Whether its prompt already has all the traces that it may keep."""

    @property
    def accepted(self) -> bool:
        """Neither a duplicate nor beyond what its prompt keeps."""
        return self.twin_id is None and not self.beyond


def elect(
    eligible: Iterable[tuple[str, str]],
    pairs: pl.DataFrame,
    accepted_before: Iterable[tuple[str, str]],
    *,
    keep_per_prompt: int,
) -> dict[str, Place]:
    """Go through eligible traces, best first, and accept each that is no twin of an accepted one.

    Only an accepted trace drops its twins, so a trace that is itself dropped takes nothing with it. Clusters
    (connected components) would: they chain traces that are no duplicates of one another.

    Args:
        eligible: (rollout_id, prompt_id), best first.
        pairs: rollout_id, twin_id, jaccard of verified duplicates. Traces with Jaccard 1 have the same
            shingles, so what duplicates one of them duplicates all.
        accepted_before: (rollout_id, prompt_id) of traces that were accepted on earlier nights.
        keep_per_prompt: traces accepted per prompt, at most, those of earlier nights among them.
    """
    same, near = _graph(pairs)
    before = sorted(accepted_before)
    kept = {_root(same, rollout_id): rollout_id for rollout_id, _ in before}
    n_accepted = Counter(prompt_id for _, prompt_id in before)
    n_eligible: Counter[str] = Counter()
    places = {}
    for rollout_id, prompt_id in eligible:
        root = _root(same, rollout_id)
        twin = next((kept[other] for other in (root, *near.get(root, ())) if other in kept), None)
        n_eligible[prompt_id] += 1
        place = Place(n_eligible[prompt_id], twin, n_accepted[prompt_id] >= keep_per_prompt)
        if place.accepted:
            kept[root] = rollout_id
            n_accepted[prompt_id] += 1
        places[rollout_id] = place
    return places


def _graph(pairs: pl.DataFrame) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Parents that lead to one trace of each set of equals, and the near-duplicates of each such trace."""
    same: dict[str, str] = {}
    columns = "rollout_id", "twin_id"
    for later, earlier in pairs.filter(pl.col("jaccard") == 1).select(columns).iter_rows():
        one, other = _root(same, later), _root(same, earlier)
        if one != other:
            same[one] = other
    near: defaultdict[str, list[str]] = defaultdict(list)
    for later, earlier in pairs.filter(pl.col("jaccard") < 1).select(columns).sort(columns).iter_rows():
        one, other = _root(same, later), _root(same, earlier)
        near[one].append(other)
        near[other].append(one)
    return same, near


def _root(same: dict[str, str], rollout_id: str) -> str:
    while (parent := same.get(rollout_id)) is not None:
        same[rollout_id] = same.get(parent, parent)  # halve the path for the next time
        rollout_id = parent
    return rollout_id
