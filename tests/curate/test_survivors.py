"""Nights that are made again: what each accepted stays, in whatever order they are made again."""

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from r1data.curate.survivors import elect

NIGHTS = ("1", "2", "3")
NAMES = [night + letter for night in NIGHTS for letter in "abc"]
PAIR = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from([1.0, 0.9]))


def make(night: str, held: dict[str, list[tuple[str, str]]], asked: dict[str, str], **given: Any) -> None:
    """Make one night over what nights of earlier dates hold."""
    own = [(name, prompt_id) for name, prompt_id in asked.items() if name[0] == night]
    before = [row for other in NIGHTS if other < night for row in held.get(other, [])]
    places = elect(own, given["pairs"], before, keep_per_prompt=given["keep"])
    held[night] = [row for row in own if places[row[0]].accepted]


@settings(max_examples=80)
@given(
    prompt_ids=st.lists(st.sampled_from("pq"), min_size=len(NAMES), max_size=len(NAMES)),
    drawn=st.lists(PAIR, max_size=10),
    keep=st.integers(1, 3),
    again=st.lists(st.sampled_from(NIGHTS), max_size=6),
    first=st.permutations(NIGHTS),
)
def test_nights_that_are_made_again_in_any_order_stay_as_they_are(
    prompt_ids: list[str], drawn: list[Any], keep: int, again: list[str], first: list[str]
) -> None:
    asked = dict(zip(NAMES, prompt_ids, strict=True))
    pairs = pl.DataFrame(
        [(max(pair[:2]), min(pair[:2]), pair[2]) for pair in drawn if pair[0] != pair[1]],
        schema={"rollout_id": pl.String, "twin_id": pl.String, "jaccard": pl.Float64},
        orient="row",
    )
    held: dict[str, list[tuple[str, str]]] = {}
    for night in NIGHTS:
        make(night, held, asked, pairs=pairs, keep=keep)
    wanted = dict(held)
    for night in again:
        make(night, held, asked, pairs=pairs, keep=keep)
    assert held == wanted
    backfilled: dict[str, list[tuple[str, str]]] = {}
    for night in [*first, *NIGHTS]:  # out of order, and once more by date
        make(night, backfilled, asked, pairs=pairs, keep=keep)
    assert backfilled == wanted
