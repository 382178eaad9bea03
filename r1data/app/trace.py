"""A rollout as the tab Browse shows it: what reviewers see, marks in its text, and its neighbours."""

from dataclasses import dataclass
from itertools import islice
from typing import Any

import duckdb
import regex

from r1data.curate.review_shown import Rows, Shown, shown
from r1data.errors import QueryError
from r1data.lake import Lake
from r1data.lake.query import ask, connect, question

MOST_TWINS = 3
"""Twins whose texts are read."""
MOST_REPEATS = 500
"""Places of one repetition that are marked."""


@dataclass(frozen=True)
class Mark:
    """A part of a completion of which something is known."""

    start: int
    """In characters."""
    end: int
    kind: str
    """foreign, repetition, tag, pii or benchmark."""
    detail: str
    """What is known of it: a language, a measure, a kind of data, a benchmark."""


@dataclass(frozen=True)
class Trace:
    """One rollout, its facts and its neighbours."""

    shown: Shown
    rollout: dict[str, Any]
    """rollout_id, completion, thought_start, thought_end and answer_start, as in table `rollouts`."""
    marks: list[Mark]
    """By their place; they may overlap."""
    siblings: Rows
    """Rows of the question `siblings`: every attempt at the prompt, this one among them."""
    twins: Rows
    """Rows of the question `twins`; the first MOST_TWINS have the columns of `rollout`, too."""
    story: Rows
    """Rows of the question `why`."""


def read_trace(lake: Lake, rollout_id: str, recipe: str = "") -> Trace | None:
    """All about a rollout; None when the lake has none of that id.

    Args:
        lake: where it is.
        rollout_id: its whole id.
        recipe: whose reference is shown; the latest one without.

    Raises:
        QueryError: the lake has no catalog yet.
    """
    found = shown(lake, rollout_id, recipe=recipe or None)
    if found is None:
        return None
    given = {"rollout_id": rollout_id, "night": found.night}
    with connect(lake) as connection:
        asked = {
            name: ask(connection, question(name), given).to_dicts()
            for name in ("marks", "siblings", "twins", "why")
        }
        near = _nearest(asked["twins"])
        texts = _texts(connection, [given, *near[:MOST_TWINS]])
    if rollout_id not in texts:
        raise QueryError(f"The catalog lacks rollout {rollout_id} yet. `r1data lake catalog` writes it anew.")
    rollout = texts[rollout_id]
    twins = [row | texts.get(row["rollout_id"], {}) for row in near]
    marks = _marks(rollout["completion"], asked["marks"])
    return Trace(found, rollout, marks, asked["siblings"], twins, asked["why"])


def _nearest(twins: Rows) -> Rows:
    """One row per twin, whichever recipes decided about it."""
    return list({row["rollout_id"]: row for row in reversed(twins)}.values())[::-1]


def _texts(connection: duckdb.DuckDBPyConnection, wanted: Rows) -> dict[str, dict[str, Any]]:
    """Texts by rollout_id; `wanted` names night and rollout_id."""
    query = """
        select rollout_id, completion, thought_start, thought_end, answer_start
        from rollouts
        where night in (select unnest($night)) and rollout_id in (select unnest($rollout_id))
    """
    keys = {name: [row[name] for row in wanted] for name in ("night", "rollout_id")}
    return {row["rollout_id"]: row for row in ask(connection, query, keys).iter_rows(named=True)}


def _marks(completion: str, rows: Rows) -> list[Mark]:
    """What the question `marks` found, and of a repetition every place where it comes again."""
    found = []
    for row in rows:
        start, end = row["offset_chars"], row["offset_chars"] + row["length_chars"]
        places = [(start, end)]
        if row["kind"] == "repetition":
            again = regex.compile(regex.escape(completion[start:end]), regex.IGNORECASE)
            places = [match.span() for match in islice(again.finditer(completion), MOST_REPEATS)] or places
        found += [Mark(*place, row["kind"], row["detail"]) for place in places]
    return sorted(set(found), key=lambda mark: (mark.start, mark.end, mark.kind))
