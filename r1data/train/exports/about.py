"""Where rows come from: mix, parameters, recipe, tables, packages. It stands in the card of an export."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from r1data.lake import Lake
from r1data.recipe import Recipe
from r1data.train.mix import Mix, reads
from r1data.train.mix_parameters import values

PACKAGES = ("r1data", "polars", "duckdb", "pyarrow", "deltalake", "math-verify")
FILTERS = ("language", "readability", "contamination", "duplicates", "select", "difficulty")
"""Sections of a recipe that say which traces are accepted."""


@dataclass(frozen=True)
class About:
    """Where the rows of an export come from."""

    mix: str = ""
    """Name of the mix."""
    sql: str = ""
    """Its SQL."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Values of its parameters."""
    recipe: str = ""
    """Whose nights it read."""
    tables: Mapping[str, int | None] = field(default_factory=dict)
    """Versions of the tables that it read."""
    filters: Mapping[str, Any] = field(default_factory=dict)
    """Thresholds of the recipe, by section."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Versions of the packages that made the rows."""


def about_of(lake: Lake, mix: Mix, recipe: Recipe, given: Mapping[str, Any]) -> About:
    """Describe what a mix gives at this moment."""
    chosen = values(mix.file, mix.parameters, given, recipe=recipe.name)
    return About(
        mix=mix.name,
        sql=mix.sql,
        parameters={name: value for name, value in chosen.items() if name != "recipe"},
        recipe=recipe.name,
        tables=lake.versions((*reads(mix, recipe=recipe.name, given=given), "pii")),
        # Addresses and paths of the house are no business of those who get the card.
        filters=recipe.model_dump(
            mode="json", include=set(FILTERS), exclude={"contamination": {"embedding", "planted"}}
        ),
        packages={name: version(name) for name in PACKAGES},
    )
