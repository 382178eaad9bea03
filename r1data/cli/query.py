"""Verbs that ask the corpus: sql, funnel, why, stale."""

from pathlib import Path
from typing import Annotated

import typer

from r1data import paths
from r1data.cli.options import Json
from r1data.errors import ConfigError, QueryError
from r1data.lake import Lake
from r1data.lake.query import fetch
from r1data.report import show


def add(app: typer.Typer) -> None:
    """Add the verbs of this file."""
    app.command()(sql)
    app.command()(funnel)
    app.command()(why)


def sql(
    query: Annotated[
        str,
        typer.Argument(help="One SELECT, the path of a .sql file, or the name of a file in sql/questions."),
    ],
    param: Annotated[list[str], typer.Option("--param", "-p", help="name=value for each $name.")] = [],  # noqa: B006
    json: Json = False,
) -> None:
    """Ask the catalog one question, read-only."""
    show.frame(fetch(Lake(), text_of(query), _parameters(param)), as_json=json)


def funnel(
    night: Annotated[str | None, typer.Option(help="YYYY-MM-DD; all nights without it.")] = None,
    json: Json = False,
) -> None:
    """How many rollouts entered and left each stage of a night."""
    query = "select * from funnel where $night is null or night = $night"
    show.frame(fetch(Lake(), query, {"night": night}), as_json=json)


def why(
    rollout_id: Annotated[str, typer.Argument(help="Content address of a rollout, or its first digits.")],
    json: Json = False,
) -> None:
    """Tell the story of one rollout: prompt, completion, every verdict and fact, and why it was kept or dropped."""
    query = (paths.PROJECT / "sql" / "questions" / "why.sql").read_text(encoding="utf-8")
    story = fetch(Lake(), query, {"rollout_id": rollout_id})
    if story.is_empty():
        raise QueryError(
            f'There is no rollout {rollout_id}. `r1data sql "select rollout_id from rollouts"` lists them.'
        )
    show.frame(story, as_json=json)


def text_of(query: str) -> str:
    """The SQL of a question's name, of a file, or the text itself."""
    named = paths.PROJECT / "sql" / "questions" / f"{query}.sql"
    for path in (named, Path(query)):
        if len(query) < 200 and path.suffix == ".sql" and path.is_file():
            return path.read_text(encoding="utf-8")
    return query


def _parameters(given: list[str]) -> dict[str, str]:
    pairs = [item.partition("=") for item in given]
    if wrong := [name for name, equals, _ in pairs if not equals]:
        raise ConfigError(f"--param {wrong[0]} has no value. Write --param {wrong[0]}=value.")
    return {name: value for name, _, value in pairs}
