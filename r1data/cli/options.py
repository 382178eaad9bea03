"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object per row instead of a table.")]
RecipeOption = Annotated[
    Path | None, typer.Option("--recipe", help="A recipe; R1DATA_RECIPE or recipes/night.toml without it.")
]
NightOption = Annotated[
    str | None, typer.Option("--night", help="YYYY-MM-DD; the last complete UTC day without it.")
]
