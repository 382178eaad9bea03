"""Verbs of exports: `r1data export …`: files that trainers read."""

import json as json_
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from r1data.cli import export_model
from r1data.cli.options import Json, RecipeOption, Set, assigned
from r1data.lake import Lake
from r1data.recipe import load_recipe, load_student
from r1data.report import show
from r1data.train.exports import EXPORTS, Export, exports_in
from r1data.train.exports.make import export_folder, export_mix
from r1data.train.exports.push import push as upload
from r1data.train.exports.push import repository_of

app = typer.Typer(
    no_args_is_help=True,
    help="Write mixes as files that trainers read, models for Ollama, and list what was written.",
)
export_model.add(app)
Folder = Annotated[Path | None, typer.Option("--to", help="Folder of exports; dagster_home/exports without.")]


@app.command("mix")
def mix_(
    name: Annotated[str, typer.Argument(help="A file of sql/mixes, without its suffix.")],
    form: Annotated[str, typer.Option("--as", help=f"One of {', '.join(EXPORTS)}.")] = "trl",
    set_: Set = [],  # noqa: B006
    student: Annotated[
        str | None, typer.Option(help="Leave out what is longer than this student's context.")
    ] = None,
    keep_pii: Annotated[bool, typer.Option("--keep-pii", help="Keep rows with personal data.")] = False,
    to: Folder = None,
    push: Annotated[str | None, typer.Option(help="hf://datasets/owner/name to upload it to.")] = None,
    recipe: RecipeOption = None,
    json: Json = False,
) -> None:
    """Export the rows of a mix, without what licences, personal data or length forbid; equal rows are written
    once.
    """
    if push is not None:
        repository_of(push)
    made = export_mix(
        Lake(),
        name,
        form=form,
        recipe=load_recipe(recipe),
        given=assigned("--set", set_),
        student=load_student(student) if student else None,
        keep_pii=keep_pii,
        folder=to,
    )
    pushed = upload(made, push) if push is not None else None
    if json:
        print(json_.dumps(_plain(made) | {"pushed": pushed}, ensure_ascii=False))
        return
    print(f"{made.folder}: {made.n_rows:,} rows of mix {name} as {form}, {made.n_dropped:,} left out")
    if made.dropped:
        told = {"reason": list(made.dropped), "rows": list(made.dropped.values())}
        show.frame(pl.DataFrame(told), as_json=False)
    if pushed:
        print(f"Pushed to {pushed}")


@app.command("list")
def list_(to: Folder = None, json: Json = False) -> None:
    """Every export: digest, form, mix that gave its rows first, rows, and rows left out."""
    rows = [
        {"digest": made.digest, "form": made.form, "mix": made.mix or None}
        | {"rows": made.n_rows, "left_out": made.n_dropped, "completion_tokens": made.completion_tokens}
        for made in exports_in(to or export_folder())
    ]
    schema = {"digest": pl.String, "form": pl.String, "mix": pl.String}
    numbers = dict.fromkeys(("rows", "left_out", "completion_tokens"), pl.Int64)
    none = "There are no exports; `r1data export mix NAME` makes one."
    show.frame(pl.DataFrame(rows, schema=schema | numbers), as_json=json, if_none=none)


def _plain(made: Export) -> dict[str, object]:
    return vars(made) | {"folder": str(made.folder)}
