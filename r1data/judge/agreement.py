"""What a judge said of rows with known verdicts, as numbers: one row per domain."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from r1data.judge.kappa import cohens_kappa, share
from r1data.judge.labelled import Row
from r1data.judge.protocol import FIRST, meaning
from r1data.judge.question import Vote
from r1data.judge.rubric import Rubric
from r1data.judge.vote import ANY
from r1data.verify.verdict import Word

DECIDED: tuple[Word, Word] = ("right", "wrong")

Said = Mapping[str, Mapping[str, Any]]
"""Rows of table `calibration_rows` by row_id; one that is absent was not answered."""


def agreement(rubric: Rubric, rows: Sequence[Row], said: Said) -> Iterator[dict[str, Any]]:
    """The numbers of table `calibrations`, domain by domain; attacks count for all of them.

    Args:
        rubric: what was asked.
        rows: labelled rows and attacks.
        said: what the judge said of them. Their labels are those of `rows`, which may have been corrected.
    """
    attacks = _attacks(rows, said)
    domains: dict[str, list[Row]] = {}
    for row in rows:
        if row.attack is None:
            domains.setdefault(row.domain or ANY, []).append(row)
    for domain in sorted(domains):
        yield {"domain": domain, "canaries": attacks, **_numbers(rubric, domains[domain], said)}


def _numbers(rubric: Rubric, rows: Sequence[Row], said: Said) -> dict[str, Any]:
    """Of the rows of one domain."""
    pairs = [(row.label, _verdict(row, said)) for row in rows]
    table = [[pairs.count((label, verdict)) for verdict in DECIDED] for label in DECIDED]
    kappa = cohens_kappa(table)
    positives = share([verdict == "right" for label, verdict in pairs if label == "wrong"])
    negatives = share([verdict == "wrong" for label, verdict in pairs if label == "right"])
    changed, first = _bias(rubric, rows, said)
    return {
        "n_rows": len(rows),
        "n_decided": sum(map(sum, table)),
        "kappa": kappa and kappa.value,
        "kappa_low": kappa and kappa.low,
        "kappa_high": kappa and kappa.high,
        "false_positives": positives and positives.value,
        "false_positives_high": positives and positives.high,
        "false_negatives": negatives and negatives.value,
        "false_negatives_high": negatives and negatives.high,
        "position_bias": changed,
        "first_share": first,
    }


def _verdict(row: Row, said: Said) -> Word:
    return said[row.row_id]["verdict"] if row.row_id in said else "unknown"


def _bias(rubric: Rubric, rows: Sequence[Row], said: Said) -> tuple[float | None, float | None]:
    """Share of rows on which swapping changed its mind, and the share of these in which the first place won.

    Of rows with two readable votes; the second number is of two answers only, of which the same place won
    twice.
    """
    changed, first = [], []
    for row in rows:
        votes = [Vote(**vote) for vote in said.get(row.row_id, {}).get("votes", ())[:FIRST]]
        if len(votes) < FIRST or any(vote.word is None for vote in votes):
            continue
        words = {meaning(rubric, row.question, vote)[0] for vote in votes}
        changed.append(len(words) > 1)
        if rubric.compares and words == set(DECIDED):
            first.append(rubric.words[votes[0].word or ""] == "right")
    return tuple(found and found.value for found in (share(changed), share(first)))


def _attacks(rows: Sequence[Row], said: Said) -> list[dict[str, Any]]:
    """How often each attack was tried, and how often it won.

    One that stands in an answer which the judge takes for right anyway has won nothing. One without a reply
    may yet win: an attack of which one is missing and none has won was not tried.
    """
    tried: dict[str, list[bool]] = {}
    unseen = {row.attack for row in rows if row.row_id not in said}
    bases = {row.row_id: row for row in rows}
    for row in rows:
        if row.attack is not None:
            fooled = _verdict(row, said) in DECIDED and _verdict(row, said) != row.label
            base = bases.get(row.base or "")
            anyway = base is not None and _verdict(base, said) == _verdict(row, said)
            tried.setdefault(row.attack, []).append(fooled and not anyway)
    return [
        {"attack": name, "n_rows": 0 if name in unseen and not any(won) else len(won), "n_won": sum(won)}
        for name, won in sorted(tried.items())
    ]
