"""States of a selection: what a version of table `selected` said, and from which tables it followed."""

import json
from dataclasses import dataclass, field

import polars as pl

from r1data.errors import QueryError
from r1data.lake import Lake
from r1data.schema import TABLES


@dataclass(frozen=True)
class State:
    """One recipe's selection of one night, as of a version of table `selected`."""

    version: int | None
    """None: before anything was selected."""
    rows: pl.DataFrame
    """Schema SELECTED."""
    inputs: dict[str, int | None] = field(default_factory=dict)
    """Versions of the tables that it was made from; empty when there is no such state, or none were noted."""

    def scan(self, lake: Lake, table: str, night: str | None = None) -> pl.LazyFrame:
        """A table as the selection read it; without rows if it did not exist."""
        version = self.inputs.get(table)
        if version is None:
            return TABLES[table].empty().lazy()
        return lake.scan(table, night, version)


def changes(lake: Lake, recipe: str, night: str) -> pl.DataFrame:
    """Versions of table `selected` that changed a night of a recipe, oldest first: version, at, inputs."""
    wanted = {"recipe": recipe, "night": night}
    history = lake.history("selected").filter(pl.col("partition").is_not_null())
    ours = [json.loads(partition) == wanted for partition in history["partition"]]
    return history.filter(pl.Series(ours, dtype=pl.Boolean)).sort("version").select("version", "at", "inputs")


def state(lake: Lake, recipe: str, night: str, version: int | None = None) -> State:
    """The state as of a version, the newest without one.

    Raises:
        QueryError: there is no such version, or the recipe has no selection of that night.
    """
    found = changes(lake, recipe, night)
    newest = lake.version("selected")
    if found.is_empty() or newest is None:
        raise QueryError(
            f"Recipe {recipe} has no selection of night {night}. `r1data run --night {night}` makes it; "
            "--recipe FILE names another recipe."
        )
    if version is not None and not 0 <= version <= newest:
        raise QueryError(
            f"Table selected has versions 0 to {newest}, not {version}. `r1data lake history selected` lists "
            "them."
        )
    return _as_of(lake, recipe, night, found, newest if version is None else version)


def before_last_change(lake: Lake, recipe: str, night: str) -> State:
    """The state that the newest change of a night replaced; an empty one if it was the first.

    Raises:
        QueryError: the recipe has no selection of that night.
    """
    state(lake, recipe, night)
    found = changes(lake, recipe, night)
    return _as_of(lake, recipe, night, found, found["version"].max() - 1)


def _as_of(lake: Lake, recipe: str, night: str, found: pl.DataFrame, version: int) -> State:
    made = found.filter(pl.col("version") <= version)
    if made.is_empty():
        return State(None, TABLES["selected"].empty())
    rows = lake.scan("selected", night, version).filter(pl.col("recipe") == recipe)
    try:
        held = rows.collect()
    except FileNotFoundError as error:
        raise QueryError(
            f"Files of version {version} of selected are gone. Compare with a newer one."
        ) from error
    return State(version, held, json.loads(made["inputs"].item(-1) or "{}"))
