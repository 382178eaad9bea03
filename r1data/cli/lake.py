"""Verbs about the lake itself: `r1data lake …`."""

import sys
from dataclasses import asdict
from typing import Annotated

import polars as pl
import typer

from r1data.cli.options import Json
from r1data.errors import CorruptLake
from r1data.lake import Lake
from r1data.lake import verify as damage
from r1data.report import show
from r1data.schema import TABLES

app = typer.Typer(
    no_args_is_help=True,
    help="Look after the tables: what they hold, whether it is whole, what they went through.",
)


@app.command()
def tables(json: Json = False) -> None:
    """Rows and versions of every table."""
    lake = Lake()
    rows = [
        (name, table.kind, lake.scan(name).select(pl.len()).collect().item(), lake.version(name), table.doc)
        for name, table in TABLES.items()
    ]
    show.frame(
        pl.DataFrame(rows, schema=["table", "kind", "rows", "version", "holds"], orient="row"), as_json=json
    )


@app.command()
def history(table: Annotated[str, typer.Argument(help="Name of a table.")], json: Json = False) -> None:
    """Every version of a table: when, by which run and code, from which inputs."""
    show.frame(Lake().history(table), as_json=json)


@app.command()
def verify(json: Json = False) -> None:
    """Compare every file with its checksum."""
    found = [asdict(item) for item in damage.verify(Lake())]
    whole = "Every file is as it was published."
    show.frame(pl.DataFrame(found, schema=["table", "path", "problem"]), as_json=json, if_none=whole)
    if found:
        raise CorruptLake(
            f"{len(found)} files are not as they were published. Restore them from a copy of the lake."
        )


@app.command()
def repair() -> None:
    """Set torn log entries aside, so that the version before them is the newest again."""
    mended = damage.repair(Lake())
    for path in mended:
        print(path)
    if not mended:
        print("No log entry is torn.", file=sys.stderr)


@app.command()
def catalog() -> None:
    """Write the DuckDB catalog anew, as after moving the lake's folder."""
    print(Lake().rebuild_catalog())
