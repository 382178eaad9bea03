"""Verb `r1data export model`: a model as files for Ollama."""

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from r1data.cli.ablate import its_recipe
from r1data.cli.options import Json
from r1data.errors import ConfigError
from r1data.lake import Lake
from r1data.recipe import load_recipe, load_student
from r1data.report import show
from r1data.serve.gguf.export import QUANTISATIONS, USUAL, GgufExport, export_gguf
from r1data.serve.gguf.measure import Fared, measure
from r1data.serve.named import named
from r1data.train.student import current_row, current_student


def add(app: typer.Typer) -> None:
    """Add the verb of this file to those of `export`."""
    app.command("model")(model_)


def model_(
    name: Annotated[str, typer.Argument(help="A student, a model folder, `embedded:NAME` or a hub id here.")],
    ollama: Annotated[bool, typer.Option("--ollama", help="Write GGUF files and Modelfiles.")] = False,
    quantise: Annotated[str, typer.Option(help=f"Some of {','.join(QUANTISATIONS)}.")] = ",".join(USUAL),
    measured: Annotated[
        bool, typer.Option("--measure", help="Ask each file the student's benchmark; take speed and memory.")
    ] = False,
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder; dagster_home/exports/gguf without.")
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option("--recipe", help="A recipe; without it the one whose corpus it read.")
    ] = None,
    json: Json = False,
) -> None:
    """Write a model for Ollama: GGUF files, Modelfiles, and what each quantisation costs in accuracy, speed
    and memory.
    """
    if not ollama:
        raise ConfigError("Say in which form: `r1data export model NAME --ollama`.")
    lake, wanted = Lake(), [word.strip().lower() for word in quantise.split(",") if word.strip()]
    fared: list[Fared] = []
    if measured:
        student, read = load_student(name), load_recipe(recipe or its_recipe(lake, name))
        trained = current_student(lake.scan("students"), name)
        row = current_row(lake.scan("students"), name) or {}
        made = export_gguf(trained.model, name, wanted or USUAL, to)
        fared = measure(lake, student, trained, read, made, night=row["night"])
    else:
        made = export_gguf(named(name)[0], name, wanted or USUAL, to)
    if not json:
        first = next(iter(made.card["files"]))
        print(f"{made.folder}: {made.card['name']} for Ollama")
        print(f"cd there, then: ollama create {made.card['name']}:{first} -f Modelfile-{first}")
    show.frame(_rows(made, fared, as_json=json), as_json=json)


def _rows(made: GgufExport, fared: list[Fared], *, as_json: bool) -> pl.DataFrame:
    found = {one.quantisation: one for one in fared}
    rows = []
    for kind, file in made.card["files"].items():
        row = {"quantisation": kind, "file": file["file"], "bytes": file["bytes"]}
        if as_json:
            row |= {"folder": str(made.folder), "digest": file["digest"]}
        if one := found.get(kind):
            row |= _numbers(one) if as_json else _told(one)
        rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def _told(one: Fared) -> dict[str, object]:
    return {
        "pass@1": one.accuracy.percent(),
        "less the student's": one.gain.points() if one.gain else "not evaluated",
        "tokens/s": round(one.tokens_per_s, 1),
        "memory, MB": one.memory_bytes and round(one.memory_bytes / 1e6),
    }


def _numbers(one: Fared) -> dict[str, object]:
    gain = one.gain
    return {
        "pass_at_1": one.accuracy.value,
        "pass_at_1_low": one.accuracy.low,
        "pass_at_1_high": one.accuracy.high,
        "gain": gain and gain.value,
        "gain_low": gain and gain.low,
        "gain_high": gain and gain.high,
        "tokens_per_s": one.tokens_per_s,
        "memory_bytes": one.memory_bytes,
    }
