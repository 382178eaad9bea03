"""A benchmark that a student trained on says nothing of it."""

from collections.abc import Iterator

import orjson
import polars as pl

from r1data import ids
from r1data.errors import GateError
from r1data.train.exports import Export


def leaked(items: pl.DataFrame, export: Export) -> Iterator[tuple[str, str]]:
    """Rows of an export that ask a benchmark item, word for word; and the item of each.

    What this does not find: items in other words. Stage `contamination` marks those before a corpus is
    made.

    Args:
        items: rows of table `benchmarks`.
        export: what a student trains on.
    """
    known = set(items["item_id"])
    with export.rows.open("rb") as lines:
        for line in map(orjson.loads, lines):
            item = ids.prompt_id(line["prompt"])
            if item in known:
                yield f"rollout {line['rollout_id']}" if "rollout_id" in line else "a prompt", item


def refuse_leaked(items: pl.DataFrame, export: Export) -> None:
    """Raise if a row that a student trained on asks a benchmark item.

    Raises:
        GateError: names the first row and item.
    """
    for row, item in leaked(items, export):
        benchmark = items.filter(item_id=item)["benchmark"][0]
        raise GateError(
            f"Benchmark {benchmark} leaked: {row} of export {export.digest} asks its item {item}. "
            "Keep it out of the mix, train again, evaluate."
        )
