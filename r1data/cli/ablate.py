"""Verbs that compare students: ablate, result."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import polars as pl
import typer

from r1data import paths
from r1data.cli.execute import run_jobs
from r1data.cli.options import Json, RecipeOption
from r1data.cli.query import text_of
from r1data.errors import ConfigError, StorageError
from r1data.lake import Lake
from r1data.lake.query import fetch
from r1data.recipe import Student, derived, load_recipe, load_student
from r1data.recipe.training import JOBS_OF
from r1data.report import show
from r1data.train.student import current_row, current_student

if TYPE_CHECKING:
    from r1data.evaluate import Estimate


def add(app: typer.Typer) -> None:
    """Add the verbs of this file."""
    app.command()(ablate)
    app.command()(result)


def ablate(
    student: Annotated[str, typer.Argument(help="A file of recipes/students that has an [ablation].")],
    recipe: RecipeOption = None,
    json: Json = False,
) -> None:
    """Train and judge a student on every mix and seed of its ablation, on equally many rows, and say which
    mix wins; what was done before is not done again.
    """
    asked = load_student(student)
    if not asked.ablation:
        raise ConfigError(
            f'Student {student} has no ablation. Give its file: [ablation] mixes = ["strict", "unfiltered"].'
        )
    if asked.trainer == "reward_model":
        raise ConfigError(
            f"Student {student} is a reward model, which no benchmark judges. Ablate another one."
        )

    run_jobs([(JOBS_OF[asked.trainer], name) for name in derived(asked)], recipe)
    found = standings(Lake(), asked)
    show.frame(found if json else _for_people(found), as_json=json)


def standings(lake: Lake, student: Student) -> pl.DataFrame:
    """Question which_mix_wins, asked of nothing but a student's ablation as its recipe has it now: its mixes
    and seeds, its benchmark, and the attempts that its protocol asks for.
    """
    from r1data.evaluate.attempts import protocol

    how = student.evaluate
    # The question reads these in place of the tables of the same names.
    only = """
        with
        students as (select * from main.students where list_contains($names, student)),
        evaluations as (
            select * from main.evaluations
            where benchmark = $benchmark and protocol = $protocol and "index" < $k
        )
    """
    given = {"benchmark": how.benchmark, "protocol": protocol(how), "k": how.k}
    query = f"{only} select * from ({text_of('which_mix_wins')})"
    return fetch(lake, query, given | {"names": list(derived(student))}).filter(
        pl.col("ablation") == student.name
    )


def _for_people(rows: pl.DataFrame) -> pl.DataFrame:
    """A row per mix, its intervals written out."""
    from r1data.evaluate import Estimate

    columns = ("mix", "seeds", "rows", "pass@1", "to the best", "verdict", "training_s")
    shown = [
        (
            *(row["mix_name"], row["n_seeds"], row["n_rows"]),
            _told(row, "pass_at_1", Estimate.percent),
            _told(row, "to_best", Estimate.points),
            *(row["verdict"], row["training_s"]),
        )
        for row in rows.iter_rows(named=True)
    ]
    return pl.DataFrame(shown, schema=columns, orient="row")


def _told(row: dict[str, Any], name: str, told: Callable[["Estimate"], str]) -> str | None:
    from r1data.evaluate import Estimate

    value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    if low is None:
        return None if value is None else f"{100 * value:.1f}"
    return told(Estimate(value, low, high))


def result(
    student: Annotated[str, typer.Argument(help="A file of recipes/students, or NAME-MIX-sSEED.")],
    recipe: Annotated[
        Path | None, typer.Option("--recipe", help="A recipe; without it the one whose corpus it read.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="Also write the student against its teacher as this HTML file.")
    ] = None,
    json: Json = False,
) -> None:
    """Print how a student fared: beside its base and its teacher, with intervals, contamination and side
    effects; of a reward model, how many held-out pairs it tells right.
    """
    from r1data.evaluate.result import result_of
    from r1data.report.against_page import against_page
    from r1data.report.evaluation import evaluation_section, heldout_section

    lake, asked = Lake(), load_student(student)
    if asked.trainer == "reward_model":
        if page:
            raise ConfigError(
                f"{student} is a reward model, which answers nothing: it has no page. Leave --page out."
            )
        heldout = current_student(lake.scan("students"), student).heldout
        if json:
            show.frame(pl.DataFrame([heldout]), as_json=True)
        else:
            print(heldout_section(heldout))
        return
    found = result_of(lake, asked, load_recipe(recipe or its_recipe(lake, student)))
    if page:
        _write(page, against_page(found))
    if json:
        show.frame(pl.DataFrame([found.facts()]), as_json=True)
    else:
        print(evaluation_section(found))


def _write(page: Path, html: str) -> None:
    try:
        page.write_text(html, encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"{page} cannot be written: {error.strerror}. Give another file as --page."
        ) from error


def its_recipe(lake: Lake, student: str) -> Path | None:
    """The file of the recipe whose corpus a student read; None where it is not among ours."""
    row = current_row(lake.scan("students"), student)
    file = paths.PROJECT / "recipes" / f"{row['recipe']}.toml" if row else None
    return file if file and file.is_file() else None
