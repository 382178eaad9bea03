"""Verbs that ask the corpus: sql, funnel, why, stale."""

from pathlib import Path
from typing import Annotated

import typer

from r1data.cli.options import Json, RecipeOption, assigned
from r1data.errors import QueryError
from r1data.lake import Lake
from r1data.lake.query import QUESTIONS, fetch, question
from r1data.recipe import load_recipe
from r1data.report import show
from r1data.report.funnel import funnel_text
from r1data.text import nearest


def add(app: typer.Typer) -> None:
    """Add the verbs of this file."""
    app.command()(sql)
    app.command()(funnel)
    app.command()(why)
    app.command()(stale)


def sql(
    query: Annotated[
        str,
        typer.Argument(help="One SELECT, the path of a .sql file, or the name of a file in sql/questions."),
    ],
    param: Annotated[list[str], typer.Option("--param", "-p", help="name=value for each $name.")] = [],  # noqa: B006
    json: Json = False,
) -> None:
    """Ask the catalog one question, read-only."""
    show.frame(fetch(Lake(), text_of(query), assigned("--param", param)), as_json=json)


def funnel(
    night: Annotated[str | None, typer.Option(help="YYYY-MM-DD; all nights without it.")] = None,
    json: Json = False,
) -> None:
    """How many rollouts entered and left each stage of a night."""
    query = "select * from funnel where $night is null or night = $night order by recipe, night, position"
    rows = fetch(Lake(), query, {"night": night})
    if json or rows.is_empty():
        of = f" of night {night}" if night else ""
        none = f"The lake holds no selection{of}; `r1data run` makes nights, and `r1data funnel` shows all."
        show.frame(rows, as_json=json, if_none=none)
    else:
        print(funnel_text(rows), end="")


def why(
    rollout_id: Annotated[str, typer.Argument(help="Content address of a rollout, or its first digits.")],
    json: Json = False,
) -> None:
    """Tell the story of one rollout: prompt, completion, every verdict and fact, and why it was kept or
    dropped.
    """
    story = fetch(Lake(), question("why"), {"rollout_id": rollout_id})
    if story.is_empty():
        raise QueryError(
            f'There is no rollout {rollout_id}. `r1data sql "select rollout_id from rollouts"` lists them.'
        )
    show.frame(story, as_json=json)


def stale(recipe: RecipeOption = None, json: Json = False) -> None:
    """Count the rollouts whose facts are out of date, by night and asset; materialise those to bring them up
    to date.
    """
    from r1data.curate.stale import stale as out_of_date

    wanted = load_recipe(recipe)
    none = f"Nothing of recipe {wanted.name} is out of date."
    show.frame(out_of_date(Lake(), wanted), as_json=json, if_none=none)


def text_of(query: str) -> str:
    """The SQL of a question's name, of a file, or the text itself.

    Raises:
        QueryError: one word that is neither a question nor a file.
    """
    for path in (QUESTIONS / f"{query}.sql", Path(query)):
        if len(query) < 200 and path.suffix == ".sql" and path.is_file():
            return path.read_text(encoding="utf-8")
    if len(query.split()) == 1:
        names = [path.stem for path in QUESTIONS.glob("*.sql")]
        raise QueryError(f"There is no question or file {nearest(query, names)}")
    return query
