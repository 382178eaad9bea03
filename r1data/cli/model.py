"""Verbs about models: `r1data model …`."""

from typing import Annotated

import typer

from r1data.generate.fetch import DEFAULT_MODEL
from r1data.generate.fetch import fetch as fetch_model

app = typer.Typer(no_args_is_help=True, help="Models on this machine.")


@app.callback()
def models() -> None:
    """Models on this machine."""


@app.command()
def fetch(
    model: Annotated[str, typer.Argument(help="embedded:NAME, scratch:chars or a hub id.")] = DEFAULT_MODEL,
    revision: Annotated[str | None, typer.Option(help="Commit of a hub id.")] = None,
    allow_code: Annotated[
        bool, typer.Option(help="Take code and pickled weights of a hub id too; see `allow_model_code`.")
    ] = False,
) -> None:
    """Download a model and convert it to safetensors, once; prints its folder."""
    print(fetch_model(model, revision, allow_code=allow_code).path)
