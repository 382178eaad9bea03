"""Verb `import`: completions that exist already, from a file into the lake."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar

import polars as pl
import typer
from pydantic import ValidationError

from r1data import paths
from r1data.cli.execute import run_jobs
from r1data.cli.night import checked_night
from r1data.cli.options import Json
from r1data.errors import ConfigError
from r1data.generate.engines.replay.engine import available
from r1data.generate.engines.replay.rows import COMPLETIONS, PROMPTS
from r1data.generate.engines.replay.spool import content_digest
from r1data.lake import Lake
from r1data.paths import PROJECT
from r1data.prompts.mapped import OURS
from r1data.recipe import Generate, PromptSource, Recipe, ReplaySettings, load_recipe
from r1data.recipe.imported import RECIPE, imported_recipe, teacher_text, write_import
from r1data.recipe.section import Section
from r1data.report import show
from r1data.report.imported import outcome_rows, survey, survey_rows
from r1data.text import nearest

S = TypeVar("S", bound=Section)


def add(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("import")(import_)


def import_(
    path: Annotated[Path, typer.Argument(help="JSONL, JSONL.gz, Parquet, CSV, or a folder of them.")],
    name: Annotated[str, typer.Option(help="Name of the import, its recipe and its teacher.")],
    teacher_model: Annotated[str, typer.Option(help="Who wrote the completions, such as deepseek-r1.")],
    columns: Annotated[
        list[str],
        typer.Option("--map", help="ours=theirs: prompt or messages; completion, or reasoning and answer; "
                     "reference, finish_reason, prompt_tokens, completion_tokens, family, …"),
    ],
    verifier: Annotated[str, typer.Option(help="Which verifier decides by the reference.")] = "math",
    domain: Annotated[str, typer.Option(help="math, code, stem, logic, instruction or general.")] = "math",
    language: Annotated[str, typer.Option(help="ISO 639-1 code of the traces' language.")] = "en",
    licence: Annotated[str | None, typer.Option(help="Licence of the prompts.")] = None,
    terms: Annotated[str | None, typer.Option(help="Terms under which the completions may be used.")] = None,
    rollouts_per_prompt: Annotated[int | None, typer.Option(min=1, help="At most; all without it.")] = None,
    reasoning_kind: Annotated[str, typer.Option(help="full, summary (never trains) or hidden.")] = "full",
    night: Annotated[
        str | None,
        typer.Option(help="YYYY-MM-DD; without it the night of the same import before, or the last one."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and count; publish nothing.")] = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Bring in completions that exist already; they are stored, verified and selected like any rollout."""
    theirs = _map(columns)
    kept = paths.home() / "imports" / name
    source = _section(
        PromptSource, name=name, source="files", path=str(path.expanduser().absolute()),
        columns={ours: theirs[ours] for ours in theirs if ours in OURS}, allow_missing_reference=True,
        domain=domain, language=language, licence=licence, verifier=verifier,
    )  # fmt: skip
    replay = _section(
        ReplaySettings, path=source.path, reasoning_kind=reasoning_kind,
        columns={ours: theirs[ours] for ours in theirs if ours in (*PROMPTS, *COMPLETIONS)},
    )  # fmt: skip
    recipe = _recipe(source, replay, kept, night, rollouts_per_prompt)
    found = survey(recipe, test_references=dry_run)
    if dry_run:
        show.frame(survey_rows(found), as_json=json)
        print(found.example, file=sys.stderr if json else sys.stdout)
        return
    written = write_import(kept, recipe, teacher_text(recipe, model=teacher_model, terms=terms))
    run_jobs([("night", str(recipe.start))], written)
    print(written, file=sys.stderr if json else sys.stdout)
    show.frame(outcome_rows(Lake(), recipe, found), as_json=json)


def _recipe(
    source: PromptSource, replay: ReplaySettings, kept: Path, night: str | None, at_most: int | None
) -> Recipe:
    """The recipe of the import; the night is that of the same import before, unless another is given."""
    if (PROJECT / "recipes" / f"{source.name}.toml").is_file():
        raise ConfigError(
            f"--name {source.name} is that of recipes/{source.name}.toml, whose corpus would be replaced. "
            "Choose another."
        )
    given = night or (str(load_recipe(kept / RECIPE).start) if (kept / RECIPE).is_file() else None)
    replay = replay.model_copy(update={"digest": content_digest(replay)})
    held = available(Generate(engine="replay", replay=replay))
    assert held is not None
    most = at_most or held.select(pl.col("n").max()).collect().item()
    recipe = imported_recipe(source, replay, night=date.min, rollouts_per_prompt=most)
    begin = date.fromisoformat(checked_night(given, recipe))
    return imported_recipe(source, replay, night=begin, rollouts_per_prompt=most)


def _map(columns: list[str]) -> dict[str, str]:
    """Which column of the file is which of ours.

    Raises:
        ConfigError: not `ours=theirs`, or nothing of ours; names the nearest.
    """
    pairs = [item.partition("=") for item in columns]
    ours_known = dict.fromkeys((*OURS, *COMPLETIONS))
    for ours, equals, theirs in pairs:
        if not equals or not theirs:
            raise ConfigError(f"--map {ours} names no column. Write --map {ours}=COLUMN.")
        if ours not in ours_known:
            raise ConfigError(f"--map {ours}={theirs}: we have no {nearest(ours, ours_known)}")
    return {ours: theirs for ours, _, theirs in pairs}


def _section(section: type[S], **values: Any) -> S:
    """A section of the recipe from options.

    Raises:
        ConfigError: names the option.
    """
    try:
        return section(**values)
    except ValidationError as error:
        problem = error.errors()[0]
        option = str(problem["loc"][0]).replace("_", "-")
        raise ConfigError(f"--{option} {values[str(problem['loc'][0])]}: {problem['msg']}.") from error
