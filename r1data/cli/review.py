"""Verbs of people's reviews: `r1data review …`."""

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from r1data.cli.night import checked_night
from r1data.cli.options import Json, NightOption, RecipeOption
from r1data.errors import ConfigError, StorageError
from r1data.lake import Lake
from r1data.recipe import load_recipe
from r1data.report import show

log = logging.getLogger("r1data")
app = typer.Typer(
    no_args_is_help=True,
    help="Let people approve, reject and edit traces in a file that a spreadsheet opens.",
)


@app.command("export")
def export_rows(
    out: Annotated[Path, typer.Option("--out", help="The CSV file to write; it must not be there.")],
    night: NightOption = None,
    of: Annotated[
        str | None,
        typer.Option(
            "--of",
            help="accepted, undecided, disputed (rule and judge disagree), cold_start or all; cold_start "
            "without it if the recipe has that section, else accepted.",
        ),
    ] = None,
    n: Annotated[int | None, typer.Option("--n", min=1, help="Rows at most, drawn by hash.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also rows that were reviewed, or refined rows that rules rejected.")
    ] = False,
    recipe: RecipeOption = None,
) -> None:
    """Write rollouts of a night that wait for a review: refined, accepted, undecided or disputed ones."""
    from r1data.curate.review_file import CUT, as_csv
    from r1data.curate.review_queue import exported

    wanted, lake = load_recipe(recipe), Lake()
    queue = of or ("cold_start" if wanted.cold_start else "accepted")
    name = checked_night(night, wanted)
    rows = exported(lake, queue, recipe=wanted.name, night=name, everything=everything, n=n)
    content = as_csv(rows)
    try:
        with out.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise ConfigError(f"{out} is there already, perhaps with reviews in it. Name another file.") from None
    except OSError as error:
        raise StorageError(f"{out} cannot be written: {error.strerror}.") from error
    log.info("%s rows of queue %s in %s", f"{rows.height:,}", queue, out)
    if n_cut := content.count(CUT.encode()):
        log.info("%s texts are longer than a cell and were cut; their rows cannot be edited", n_cut)


@app.command("import")
def import_rows(
    file: Annotated[Path, typer.Argument(help="A CSV file from `r1data review export`, filled in.")],
    reviewer: Annotated[
        str | None, typer.Option("--reviewer", help="Who reviewed, where the file does not say.")
    ] = None,
    json: Json = False,
) -> None:
    """Take in the verdicts of a file, all or none; the same file again changes nothing."""
    from r1data.curate.review import imported

    lake = Lake()
    reviews = imported(lake, file, reviewer=reviewer, now=datetime.now(UTC))
    lake.append("reviews", reviews, run="review import")
    counted = reviews.group_by("reviewer", "verdict").agg(n_reviews=pl.len().cast(pl.Int64))
    show.frame(counted.sort("reviewer", "verdict"), as_json=json)
    log.info("%s new reviews; `r1data cold-start` takes in what they approve", reviews.height)
