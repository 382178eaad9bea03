"""Verbs of mixes: `r1data mix …`: which there are, what they say, and what they would give."""

import json as json_
from typing import Annotated, Any

import polars as pl
import typer

from r1data.cli.options import Json, RecipeOption, Set, assigned
from r1data.errors import QueryError
from r1data.lake import Lake
from r1data.recipe import load_recipe
from r1data.report import show
from r1data.train.mix import Mix, load_mix, mix_names
from r1data.train.mix import reads as tables_of
from r1data.train.preview import Preview
from r1data.train.preview import diff as compare
from r1data.train.preview import preview as count

app = typer.Typer(
    no_args_is_help=True, help="Look at mixes, the SQL files that say what a student trains on."
)
Name = Annotated[str, typer.Argument(help="A file of sql/mixes, without its suffix.")]


@app.command("list")
def list_(json: Json = False) -> None:
    """All mixes, what each chooses, and its own parameters with their defaults."""
    mixes = [load_mix(name) for name in mix_names()]
    rows = [
        {
            "mix": mix.name,
            "chooses": mix.question.partition("? ")[2],
            "parameters": ", ".join(f"{name} = {_text(mix, name)}" for name in mix.own),
        }
        for mix in mixes
    ]
    show.frame(pl.DataFrame(rows), as_json=json)


@app.command("show")
def show_(mix: Name, json: Json = False) -> None:
    """A mix's SQL, every parameter with its default and what it means, and the tables that it reads."""
    wanted = load_mix(mix)
    reads = tables_of(wanted, recipe="")
    rows = [
        {"parameter": name, "default": _text(wanted, name), "meaning": one.doc}
        for name, one in wanted.parameters.items()
    ]
    if json:
        print(json_.dumps({"mix": mix, "sql": wanted.sql, "parameters": rows, "reads": reads}))
        return
    print(wanted.sql)
    show.frame(pl.DataFrame(rows), as_json=False)
    print(f"Reads {', '.join(reads)}.")


@app.command()
def preview(
    mix: Name,
    set_: Set = [],  # noqa: B006
    diff: Annotated[str | None, typer.Option(help="Another mix, with its defaults.")] = None,
    recipe: RecipeOption = None,
    json: Json = False,
) -> None:
    """What a mix would give, counted by source and licence; with --diff, what two mixes do not share."""
    wanted, name, given = load_mix(mix), load_recipe(recipe).name, assigned("--set", set_)
    if diff is not None:
        rows = compare(Lake(), wanted, load_mix(diff), recipe=name, given=given)
        return show.frame(rows, as_json=json)
    told = count(Lake(), wanted, recipe=name, given=given)
    if json:
        print(json_.dumps(_plain(told)))
    elif told.n_rows:
        _print(told)
    if not told.n_rows:
        raise QueryError(
            f"{wanted.file} gives no rows of recipe {name} ({told.n_chosen} before the draw), so nothing "
            "would be exported. `r1data funnel` tells where traces are lost; --recipe FILE names another "
            "recipe."
        )


def _print(told: Preview) -> None:
    drawn = f" ({told.n_chosen:,} before the draw)" if told.n_chosen != told.n_rows else ""
    print(f"{told.mix}: {told.n_rows:,} {told.kind}{drawn} of {told.n_prompts:,} prompts")
    if told.kind == "traces":
        by = {"the teachers": told.completion_tokens, "the student": told.student_tokens}
        counts = [f"{tokens:,} by {who}" for who, tokens in by.items() if tokens is not None]
        missing = f"{told.n_without_student_tokens:,} rows not counted by the student's tokenizer"
        print(f"Tokens: {', '.join([*counts, missing] if told.n_without_student_tokens else counts)}")
    show.frame(told.sources, as_json=False)
    show.frame(told.licences, as_json=False)
    print(f"First: {', '.join(told.first)}")


def _plain(told: Preview) -> dict[str, Any]:
    frames = {"sources": told.sources.to_dicts(), "licences": told.licences.to_dicts()}
    return {name: value for name, value in vars(told).items() if name not in frames} | frames


def _text(mix: Mix, name: str) -> str:
    default = mix.parameters[name].default
    return default if isinstance(default, str) else json_.dumps(default)
