"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

from r1data.errors import ConfigError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object per row instead of a table.")]
RecipeOption = Annotated[
    Path | None, typer.Option("--recipe", help="A recipe; R1DATA_RECIPE or recipes/night.toml without it.")
]
NightOption = Annotated[
    str | None, typer.Option("--night", help="YYYY-MM-DD; the last complete UTC day without it.")
]
Set = Annotated[
    list[str], typer.Option("--set", "-s", help="name=value of a parameter of the mix, such as keep=4.")
]


def assigned(option: str, given: list[str]) -> dict[str, str]:
    """Values by name, from what an option was given: `name=value`, once for each name.

    Raises:
        ConfigError: one has no value, or no name, or comes twice.
    """
    found: dict[str, str] = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise ConfigError(f"{option} {item} has no value. Write {option} {name or 'name'}=value.")
        if name in found:
            raise ConfigError(f"{option} {name} is given twice. Leave one of them out.")
        found[name] = value
    return found
