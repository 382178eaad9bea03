"""Texts of mixes that return none: read from view `trace_texts`, one trace at a time, also those of pairs.

A pair is two traces, the chosen one at place 2n and the rejected one at 2n + 1; in that order they are read
back and put beside each other. So no statement joins two long texts.
"""

from collections.abc import Iterable, Iterator

import polars as pl

from r1data.train.mix_kinds import SIDES, Kind

TEXTS = ("reasoning", "answer")
"""What a trace says; view `trace_texts` has it, and the `messages` that it answers."""


def sides_of(kind: Kind) -> dict[str, str]:
    """The columns of a kind that name a trace, and how the columns of its texts begin."""
    return {name: prefix for name, prefix in SIDES.items() if name in kind.columns}


def places_of(kind: Kind, rows: pl.DataFrame) -> pl.DataFrame:
    """rollout_id and position of every trace that rows need; `rows` have a `position` of their own."""
    sides = sides_of(kind)
    return pl.concat(
        rows.select(rollout_id=key, position=pl.col("position") * len(sides) + at)
        for at, key in enumerate(sides)
    )


def with_texts(kind: Kind, rows: pl.DataFrame, traces: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Rows of a mix with their texts.

    Args:
        kind: what a row is.
        rows: in training order, without texts.
        traces: messages, reasoning and answer of the traces of `places_of`, by position, without gaps; no
            row's traces lie in two batches.
    """
    sides, start = sides_of(kind), 0
    for batch in traces:
        parts = [batch.select("messages").gather_every(len(sides))]
        for at, prefix in enumerate(sides.values()):
            texts = batch.select(pl.col(TEXTS).name.prefix(prefix))
            parts.append(texts.gather_every(len(sides), at))
        n_rows = parts[0].height
        yield pl.concat([rows.slice(start, n_rows), *parts], how="horizontal")
        start += n_rows
