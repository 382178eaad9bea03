"""Verb verify: stored rollouts judged by the current verifiers."""

import logging
from typing import Annotated

import polars as pl
import typer

from r1data import paths
from r1data.cli.execute import one_run, run_jobs
from r1data.cli.night import checked_night
from r1data.cli.options import Json, NightOption, RecipeOption
from r1data.errors import ConfigError
from r1data.lake import Lake
from r1data.recipe import Recipe, load_recipe
from r1data.report import show

log = logging.getLogger("r1data")


def add(app: typer.Typer) -> None:
    """Add the verb of this file."""
    app.command()(verify)


def verify(
    night: NightOption = None,
    all_nights: Annotated[bool, typer.Option("--all-nights", help="Every night with rollouts.")] = False,
    only: Annotated[
        list[str] | None, typer.Option(help="Judge by this verifier alone; may be repeated.")
    ] = None,
    recipe: RecipeOption = None,
    json: Json = False,
) -> None:
    """Judge stored rollouts that have no verdict of the current verifiers, and bring the corpus up to date.

    Nothing is generated, and old verdicts stay. With --only the corpus waits until no verdict is missing.
    """
    wanted, lake = load_recipe(recipe), Lake()
    if night and all_nights:
        raise ConfigError("Give --night or --all-nights, not both.")
    nights = _stored_nights(lake) if all_nights else [checked_night(night, wanted)]
    with one_run(paths.lake_root()):
        told = [_judge(lake, name, wanted, only or []) for name in nights]
    changed = pl.concat(told)
    if changed.height or json:
        show.frame(changed, as_json=json)
    else:
        log.info("every verdict is current")
    run_jobs([("reverify", name) for name in nights if _corpus_is_due(lake, name, wanted)], recipe)


def _judge(lake: Lake, night: str, recipe: Recipe, only: list[str]) -> pl.DataFrame:
    """What changed: night, verifier, before, now, n_verdicts."""
    from r1data.verify.stored import changes, judge_night

    if lake.scan("rollouts", night).head(1).collect().is_empty():
        raise ConfigError(f"Night {night} has no rollouts. `r1data run --night {night}` makes it.")
    before, n = lake.scan("verdicts", night), 0
    for part in judge_night(lake, night, recipe, only):
        n += part.height
        log.info("night %s: %s verdicts made", night, f"{n:,}")
    rows = changes(before, lake.scan("verdicts", night))
    return rows.select(pl.lit(night).alias("night"), pl.all())


def _stored_nights(lake: Lake) -> list[str]:
    return sorted(lake.scan("rollouts").select("night").unique().collect()["night"])


def _corpus_is_due(lake: Lake, night: str, recipe: Recipe) -> bool:
    """Whether the recipe has a corpus of the night and no verdict of it is missing; it holds no chats."""
    from r1data.curate.current import of_nights
    from r1data.verify.stored import unjudged

    own = lake.scan("selected", night).filter(pl.col("recipe") == recipe.name).head(1).collect()
    if own.is_empty():
        log.info("night %s: recipe %s has no corpus of it", night, recipe.name)
        return False
    waited_for = of_nights(lake.scan("rollouts", night)).select("rollout_id")
    todo = unjudged(lake, night, recipe.name).join(waited_for, on="rollout_id", how="semi")
    missing = todo.select("verifier").unique().collect()["verifier"].sort().to_list()
    if missing:
        log.info("night %s: the corpus waits for verdicts of %s", night, ", ".join(missing))
    return not missing
