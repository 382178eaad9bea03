"""A benchmark that a student trained on says nothing of it."""

import orjson
import polars as pl

from r1data import ids
from r1data.errors import GateError
from r1data.train.exports import Export


def refuse_leaked(items: pl.DataFrame, export: Export) -> None:
    """Raise if a row that a student trained on asks a benchmark item.

    What this does not find: items in other words. Stage `contamination` marks those before a corpus is
    made.

    Args:
        items: rows of table `benchmarks`.
        export: what the student trained on.

    Raises:
        GateError: names the first rollout and item.
    """
    asked = dict(items.select("item_id", "benchmark").iter_rows())
    with export.rows.open("rb") as lines:
        for line in map(orjson.loads, lines):
            item = ids.prompt_id(line["prompt"])
            if item in asked:
                row = f"rollout {line['rollout_id']}" if "rollout_id" in line else "a prompt"
                raise GateError(
                    f"Benchmark {asked[item]} leaked: {row} of export {export.digest} asks its item {item}. "
                    "Keep it out of the mix, train again, evaluate."
                )
