"""A student is asked the items of its own recipe, whatever other recipes call theirs."""

from dataclasses import replace

import polars as pl
import pytest

from r1data.errors import ConfigError, InputError
from r1data.evaluate import Ask, Candidate
from r1data.evaluate.asks import Asks
from r1data.evaluate.items import asked_items
from r1data.evaluate.side_effects import section_of
from r1data.generate.models import resolve
from r1data.paths import PROJECT
from r1data.prompts.tonight import held_out
from r1data.recipe import Evaluate, Recipe, load_recipe
from r1data.recipe.night import BenchmarkSource
from tests.conftest import FAKE

NAMES = ("night", "toy")
TINY = Candidate("tiny", resolve("fake:tiny"), engine="fake")
ASKS = Asks({"student": Ask(TINY, Evaluate())}, {})
SIDE = Ask(TINY, Evaluate(benchmark="refusal"))
RECIPE = load_recipe(FAKE)


def recipe_of(name: str) -> Recipe:
    return load_recipe(PROJECT / "recipes" / f"{name}.toml")


def stored(*names: str) -> pl.LazyFrame:
    """Table `benchmarks` once the recipes of these names have run."""
    frames = [held_out(recipe_of(name), night="2026-01-01") for name in names]
    return pl.concat(frames).unique(["benchmark", "item_id"], keep="first", maintain_order=True).lazy()


@pytest.mark.parametrize("name", NAMES)
def test_items_do_not_depend_on_which_recipes_have_run(name: str):
    recipe = recipe_of(name)
    alone, both = (asked_items(stored(*ran), recipe, ASKS) for ran in ([name], NAMES))
    assert alone.equals(both)
    assert set(alone["item_id"]) == set(held_out(recipe, night="2026-01-01")["item_id"])
    assert stored(*NAMES).collect().height > alone.height


def test_an_item_that_no_night_stored_is_not_asked():
    held = stored("night").head(5)
    assert (
        asked_items(held, recipe_of("night"), ASKS)["item_id"].to_list()
        == held.collect()["item_id"].to_list()
    )


def test_references_are_those_of_the_source_now():
    frozen = stored("night").with_columns(reference=pl.lit("what was wrong"))
    assert asked_items(frozen, recipe_of("night"), ASKS).equals(
        asked_items(stored("night"), recipe_of("night"), ASKS)
    )


def test_a_recipe_without_the_benchmark_is_told_though_the_lake_has_one_of_the_name():
    with pytest.raises(ConfigError, match=r"Recipe fake has no \[\[benchmarks\]\] `heldout`"):
        asked_items(stored("night"), RECIPE, ASKS)


def files(path: str) -> BenchmarkSource:
    return section_of("refusal").model_copy(update={"name": "heldout", "path": path})


def test_items_that_cannot_be_made_again_are_told():
    recipe = RECIPE.model_copy(update={"benchmarks": (files("/nowhere/items.jsonl"),)})
    with pytest.raises(InputError, match=r"benchmarks \(heldout\) cannot be made again.*/nowhere/items"):
        asked_items(stored("night"), recipe, ASKS)


def test_a_source_that_is_not_asked_for_is_not_read():
    other = files("/nowhere/items.jsonl").model_copy(update={"name": "other"})
    recipe = recipe_of("night")
    recipe = recipe.model_copy(update={"benchmarks": (*recipe.benchmarks, other)})
    assert asked_items(stored("night"), recipe, ASKS).height == 96


def test_a_benchmark_of_the_recipe_takes_the_place_of_a_set_and_one_of_another_recipe_does_not():
    asks = replace(ASKS, side_effects={"refusal": (SIDE, SIDE)})
    held = stored("night")
    mine = held.collect().head(3).with_columns(benchmark=pl.lit("refusal"))
    both = pl.concat([held, mine.lazy()])
    night = recipe_of("night")
    assert asked_items(both, night, asks).filter(benchmark="refusal").height == 24
    section = night.benchmarks[0].model_copy(update={"name": "refusal"})
    own = night.model_copy(update={"benchmarks": (*night.benchmarks, section)})
    found = asked_items(both, own, asks).filter(benchmark="refusal")
    assert set(found["item_id"]) == set(mine["item_id"])
