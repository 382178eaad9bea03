"""What a reader of a model card should distrust, from what was measured."""

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from r1data.evaluate.asks import BASE
from r1data.evaluate.estimate import Z
from r1data.evaluate.result import Result
from r1data.report.evaluation import CANNOT_TELL, verdict_of
from r1data.train.exports.policy import NOT_STATED

FEW_ITEMS = 30
"""Items below which intervals are too narrow (`r1data.evaluate.estimate.difference`)."""
CAP_HITS = 0.02
"""Share of attempts, or of completions in training, from which hitting the cap is worth a word."""
LAST_STEPS = 10
"""Steps with a number whose mean tells how training ended."""


def doubts(
    row: Mapping[str, Any],
    card: Mapping[str, Any],
    metrics: Mapping[str, Any],
    curve: Sequence[Mapping[str, float]],
    result: Result | None,
) -> list[str]:
    """Sentences about a student, each of which follows from a fact.

    Args:
        row: its row of table `students`.
        card: `card.json` of its export.
        metrics: `metrics.json` of its job.
        curve: one entry per optimiser step, at least one.
        result: how it fared, if it was evaluated.
    """
    return [
        *(of_result(result) if result else _of_heldout(metrics.get("heldout"))),
        *_of_training(row, curve),
        *_of_data(row, card),
    ]


def percent(share: float) -> str:
    """A share, 0 … 1, for people: `2.5 %`."""
    return f"{100 * share:.1f} %"


def of_result(result: Result) -> Iterator[str]:
    """Those that follow from how a student fared."""
    one = result.student.metrics
    apart = 100 * Z * 0.5 / math.sqrt(one.n_items)
    yield (
        f"Benchmark {one.benchmark} has {one.n_items:,} items: where attempts at an item agree, a pass@1 "
        f"near 50 % is known to ±{apart:.0f} points."
        + (f" Intervals over fewer than {FEW_ITEMS} items are too narrow." if one.n_items < FEW_ITEMS else "")
    )
    if one.k == 1:
        yield "Every item was attempted once, so the luck of sampling is not averaged out."
    if one.cap_hit_rate >= CAP_HITS:
        yield (
            f"{percent(one.cap_hit_rate)} of its attempts hit the cap of tokens and count as unsolved; under "
            "another cap the numbers are others."
        )
    if one.unknown_rate:
        yield f"{percent(one.unknown_rate)} of its attempts have no verdict and count as unsolved."
    if result.contamination.item_ids:
        yield f"Its rows hold {result.contamination.told()} of the benchmark, which it may know by heart."
    for part, other in result.models.items():
        told, name = other.gain and verdict_of(other.gain), part.replace("_", " ")
        if told == CANNOT_TELL:
            yield f"Nobody can tell whether it is better than its {name}."
        if told == "worse":
            yield f"It is worse than its {name}: {other.gain.points()}."
    for effect in result.side_effects:
        if verdict_of(effect.change) == "worse":
            yield f"It became worse at {effect.name}: {effect.change.points()}."
    if BASE in result.models and not result.side_effects:
        yield "What training broke is not known: no set of side effects was asked."


def _of_heldout(tested: Mapping[str, Any] | None) -> Iterator[str]:
    if not tested:
        yield "It was not evaluated: nothing is known of what it gained."
        return
    if tested["low"] <= 0.5:
        yield (
            f"The interval of its accuracy on {tested['n_pairs']:,} held-out pairs includes a coin's 50 %: "
            "it cannot be told from guessing."
        )
    for which in "longer", "shorter":
        if tested["low"] <= (share := tested[f"{which}_is_better"]):
            yield (
                f"It cannot be told from preferring the {which} trace, which is the better one in "
                f"{percent(share)} of the held-out pairs."
            )


def _of_training(row: Mapping[str, Any], curve: Sequence[Mapping[str, float]]) -> Iterator[str]:
    yield f"All numbers are of one run, with seed {row['seed']}; another seed gives other weights."
    clipped = [point["clipped"] for point in curve if "clipped" in point]
    if clipped and (share := fmean(clipped[-LAST_STEPS:])) >= CAP_HITS:
        yield f"Towards its end {percent(share)} of the completions hit the cap."
    first, last = row["first_reward"], row["last_reward"]
    if first is not None and last <= first:
        yield (
            f"Its mean reward was {first:.3g} in the first tenth of its steps and {last:.3g} in the last: "
            "training did not raise it."
        )
    if row["n_rows_too_long"]:
        all_rows = row["n_rows"] + row["n_rows_too_long"]
        yield f"It never saw the longest rows: {row['n_rows_too_long']:,} of {all_rows:,} were left out."


def _of_data(row: Mapping[str, Any], card: Mapping[str, Any]) -> Iterator[str]:
    contamination = card["filters"].get("contamination", {})
    if "ngram_words" in contamination:
        yield (
            "Benchmark items in other words or another language may be among its prompts: rows were compared "
            f"by runs of {contamination['ngram_words']} words and by spelling."
        )
    for what in ("licences", "terms"):
        if n := card[what].get(NOT_STATED):
            yield f"The {what} of {n:,} of its {card['n_rows']:,} rows are not stated."
    if card["policy"]["keep_pii"]:
        yield "Personal data may be in its rows: nothing was left out on their account."
    if row["base"].startswith("student:"):
        yield "Its base is a student itself: what that one learnt from is in its card, and not counted here."
