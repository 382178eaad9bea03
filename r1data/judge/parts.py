"""Judgements on their way into the lake: as rows of a table, appended part by part."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from r1data.judge.question import Judgement
from r1data.schema import TABLES
from r1data.verify.stored import Store

NO_REPLY = "no_reply"
"""Reason of a judgement that is not stored, so that the next run asks again."""
PART_ROWS = 256
"""Rows that are published at a time, which a kill may lose."""


def said(judgement: Judgement) -> dict[str, Any]:
    """The columns of a judgement that its tables share."""
    return {
        "verdict": judgement.verdict,
        "reward": judgement.reward,
        "reason": judgement.reason,
        "margin": judgement.margin,
        "votes": [vars(vote) for vote in judgement.votes],
        "elapsed_s": judgement.elapsed_s,
    }


def append_parts(store: Store, table: str, rows: Iterator[dict[str, Any]]) -> int:
    """Append rows as they come, also those before an error; returns how many there were."""
    part, n = list[dict[str, Any]](), 0

    def append() -> None:
        if part:
            store.append(table, pl.DataFrame(part, schema=TABLES[table].schema))
            part.clear()

    try:
        for row in rows:
            part.append(row)
            n += 1
            if len(part) == PART_ROWS:
                append()
    finally:
        append()
    return n
