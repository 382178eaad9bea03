"""Which items a student is asked: those of its night's recipe, whatever else the lake holds under the name.

    items = asked_items(lake.scan("benchmarks"), recipe, asks)

Recipes share one table of items and may call their benchmarks alike, so the items of a recipe are made again
and compared with the table. References and verifiers are those that the recipe's source gives now: the table
keeps an item as it first was. A source on a network is read once a call, and only if it is asked for.
"""

import polars as pl

from r1data.errors import ConfigError, R1DataError
from r1data.evaluate.asks import Asks
from r1data.evaluate.side_effects import with_side_effects
from r1data.prompts.tonight import held_out
from r1data.recipe import Recipe
from r1data.text import nearest


def asked_items(stored: pl.LazyFrame, recipe: Recipe, asks: Asks) -> pl.DataFrame:
    """The items of all benchmarks that a student's evaluation asks, with those of sets of side effects.

    Args:
        stored: table `benchmarks`; an item that no night has stored is not asked, for nothing was kept apart
            from it.
        recipe: the night's recipe.
        asks: who is asked what.

    Returns:
        Rows of table `benchmarks`, in the order of their sources.

    Raises:
        ConfigError: the recipe has no such benchmark, or there is no such set.
        InputError, OfflineError: a source cannot give its items now.
    """
    known = {one.name for one in recipe.benchmarks}
    if asks.how.benchmark not in known:
        raise ConfigError(
            f"Recipe {recipe.name} has no [[benchmarks]] {nearest(asks.how.benchmark, sorted(known))}. "
            "Correct `benchmark` of the student, or give the recipe that has it."
        )
    items = _own(stored, recipe, {ask.how.benchmark for ask in asks})
    others = [name for name in asks.side_effects if name not in known]
    return with_side_effects(items, others, start=recipe.start)


def _own(stored: pl.LazyFrame, recipe: Recipe, names: set[str]) -> pl.DataFrame:
    """The stored items of some of a recipe's benchmarks, as their sources give them now."""
    held = stored.filter(pl.col("benchmark").is_in(names)).select("benchmark", "item_id").collect()
    sections = tuple(one for one in recipe.benchmarks if one.name in set(held["benchmark"]))
    try:
        made = held_out(recipe.model_copy(update={"benchmarks": sections}), night=recipe.start.isoformat())
    except R1DataError as error:
        told = ", ".join(one.name for one in sections)
        raise type(error)(
            f"The items of recipe {recipe.name}'s benchmarks ({told}) cannot be made again, and without them "
            f"nobody knows which of the lake's are its own. {error}"
        ) from error
    return made.join(held, on=["benchmark", "item_id"], how="semi", maintain_order="left")
