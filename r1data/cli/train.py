"""Verbs about students: train."""

from typing import Annotated

import typer

from r1data.cli.execute import run_jobs
from r1data.cli.options import RecipeOption
from r1data.recipe import load_student
from r1data.recipe.training import JOBS_OF


def add(app: typer.Typer) -> None:
    """Add the verbs of this file."""
    app.command()(train)


def train(
    student: Annotated[str, typer.Argument(help="A file of recipes/students, without its suffix.")],
    recipe: RecipeOption = None,
) -> None:
    """Train a student on its mix and judge it against its base; what was done before is not done again."""
    run_jobs([(JOBS_OF[load_student(student).trainer], student)], recipe)
