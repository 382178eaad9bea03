"""Verbs that make things: run, cold-start, demo."""

import logging
from datetime import UTC, date, datetime, timedelta

import polars as pl
import typer

from r1data.cli.execute import run_jobs
from r1data.cli.options import NightOption, RecipeOption
from r1data.errors import ConfigError
from r1data.lake import Lake
from r1data.recipe import Recipe, load_recipe

log = logging.getLogger("r1data")


def add(app: typer.Typer) -> None:
    """Add the verbs of this file."""
    app.command()(run)
    app.command("cold-start")(cold_start)
    app.command()(demo)


def run(recipe: RecipeOption = None, night: NightOption = None) -> None:
    """Make a night, from prompts to corpus, in this process; a finished night is left as it is."""
    wanted = load_recipe(recipe)
    name = checked_night(night, wanted)
    run_jobs([("night", name)], recipe)
    made = Lake().scan("corpus", name).filter(recipe=wanted.name).select(pl.len()).collect().item()
    log.info(
        "corpus of %s, night %s: %s traces; `r1data funnel` tells of the rest", wanted.name, name, f"{made:,}"
    )


def cold_start(recipe: RecipeOption = None, night: NightOption = None) -> None:
    """Make a night's long thoughts for cold start and refine them; once reviewed, take in approved ones."""
    wanted = load_recipe(recipe)
    if wanted.cold_start is None:
        raise ConfigError(
            f"Recipe {wanted.name} has no section [cold_start]; recipes/cold_start.toml has one."
        )
    run_jobs([("cold_start_night", checked_night(night, wanted))], recipe)


def demo(recipe: RecipeOption = None, night: NightOption = None) -> None:
    """Make a night, train and judge its students, then show what came of it."""
    from r1data.report.demo import show_demo

    wanted = load_recipe(recipe)
    name = checked_night(night, wanted)
    run_jobs([("night", name), *(("train", student) for student in wanted.students)], recipe)
    show_demo(Lake(), wanted, name)


def checked_night(given: str | None, recipe: Recipe) -> str:
    """A night that is complete and not before the recipe's start, YYYY-MM-DD.

    Raises:
        ConfigError: it is no date, not over yet, or before the start.
    """
    last = datetime.now(UTC).date() - timedelta(days=1)
    try:
        night = date.fromisoformat(given) if given else last
    except ValueError:
        raise ConfigError(f"--night {given} is no date. Write it as {last}.") from None
    if not recipe.start <= night <= last:
        raise ConfigError(
            f"Night {night} is not between {recipe.start}, the recipe's start, and {last}, the last "
            "complete day."
        )
    return night.isoformat()
