"""Verbs of the judge: `r1data judge …`: measure it, and let it judge any file."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import polars as pl
import typer

from r1data.cli import files as on_disk
from r1data.cli.execute import run_jobs
from r1data.cli.night import checked_night
from r1data.cli.options import Json, NightOption, RecipeOption
from r1data.errors import ConfigError, InputError
from r1data.lake import Lake
from r1data.recipe import Judge, Recipe, load_recipe
from r1data.report import show
from r1data.text import nearest

if TYPE_CHECKING:
    from r1data.judge.question import Question
    from r1data.judge.rubric import Rubric

log = logging.getLogger("r1data")
app = typer.Typer(
    no_args_is_help=True,
    help="Measure the recipe's judge on labelled rows, and let it judge the rows of a file.",
)

ROW = "r1data_row"
OURS = ("question", "answer", "other", "reference", "criteria")
_SHORT = {
    "has_vote": "vote", "n_rows": "rows", "n_decided": "decided", "kappa": "κ", "kappa_low": "κ from",
    "false_positives": "false right", "false_negatives": "false wrong", "position_bias": "swapped",
}  # fmt: skip
"""Headings of the table that people read."""
JUDGED = {
    "judge_verdict": pl.String, "judge_reward": pl.Float64, "judge_reason": pl.String,
    "judge_margin": pl.Float64, "judge_votes": pl.List(pl.String),
}  # fmt: skip
"""Columns that are added to a file; votes are the words that were chosen, `?` for an unreadable reply."""


@app.command()
def calibrate(recipe: RecipeOption = None, night: NightOption = None, json: Json = False) -> None:
    """Measure the judge on its labelled rows and attacks; what was asked before is not asked again."""
    from r1data.judge.vote import latest, own, votes

    wanted = load_recipe(recipe)
    settings = _settings(wanted)
    run_jobs([("calibrate", checked_night(night, wanted))], recipe)
    lake = Lake()
    told = votes(lake.scan("calibrations"), settings).with_columns(pl.col("faults").list.join("; "))
    numbers = latest(own(lake.scan("calibrations"), settings)).collect()
    keys = ["judge_id", "rubric", "rubric_version", "domain"]
    shown = ["n_rows", "n_decided", "kappa", "kappa_low", "false_positives", "false_negatives"]
    rows = told.join(numbers, on=keys, how="left").select(
        "rubric", "domain", "has_vote", *shown, "position_bias", "faults"
    )
    if json:
        return show.frame(rows, as_json=True)
    title = f"Judge {settings.generate.teacher}"
    show.frame(rows.drop("faults").rename(_SHORT), as_json=False, title=title)
    for row in rows.filter(~pl.col("has_vote")).iter_rows(named=True):
        print(f"{row['rubric']}, domain {row['domain']}, has no vote: {row['faults']}.")


@app.command("file")
def judge_file(
    file: Annotated[Path, typer.Argument(help="Parquet, JSONL or CSV; also .gz.")],
    rubric: Annotated[str, typer.Option(help="Name of a rubric, or a path that ends in .md.")],
    out: Annotated[Path, typer.Option(help="Where the rows go, with verdicts: .parquet or .jsonl.")],
    column: Annotated[
        list[str] | None,
        typer.Option(help="ours=theirs, such as question=prompt; ours: question, answer, other, reference."),
    ] = None,
    recipe: RecipeOption = None,
    json: Json = False,
) -> None:
    """Judge every row of a file by a rubric, whether or not the judge has a vote; all columns are kept."""
    from r1data.judge.model import JudgeModel
    from r1data.judge.rubric import load_rubric

    settings, wanted = _settings(load_recipe(recipe)), load_rubric(rubric)
    on_disk.check_files([file], [out])
    rows = on_disk.scan(file).with_row_index(ROW)
    chosen = _columns(rows, wanted, column or [], file)
    for _ in _questions(rows, chosen, wanted, file):
        pass  # a row that cannot be asked is told before any is
    said: list[tuple[Any, ...]] = []
    with JudgeModel(settings) as judge:
        for question, one in judge.judge(wanted, _questions(rows, chosen, wanted, file)):
            words = [vote.word or "?" for vote in one.votes]
            said.append((int(question.question_id), one.verdict, one.reward, one.reason, one.margin, words))
            if len(said) % 100 == 0:
                log.info("%s rows judged", f"{len(said):,}")
    verdicts = pl.DataFrame(said, {ROW: pl.get_index_type(), **JUDGED}, orient="row")
    on_disk.write(rows.join(verdicts.lazy(), on=ROW, how="left", maintain_order="left").drop(ROW), out)
    counted = verdicts.group_by("judge_verdict", "judge_reason").agg(n_rows=pl.len().cast(pl.Int64))
    show.frame(counted.sort("judge_verdict", "judge_reason"), as_json=json)


def _settings(recipe: Recipe) -> Judge:
    if recipe.judge is None:
        raise ConfigError(f"Recipe {recipe.name} has no section [judge]; recipes/general.toml has one.")
    return recipe.judge


def _columns(rows: pl.LazyFrame, rubric: "Rubric", given: list[str], file: Path) -> dict[str, str]:
    """Our names and those of the file, as far as it has them.

    Raises:
        ConfigError: a name is unknown, or the rubric needs a column that is not there.
    """
    schema = rows.collect_schema()
    if taken := [name for name in JUDGED if name in schema]:
        raise ConfigError(f"{file} has a column {taken[0]} already. Rename it, or judge the file of before.")
    named = {name: name for name in OURS if name in schema}
    for pair in given:
        ours, _, theirs = pair.partition("=")
        if ours not in OURS:
            raise ConfigError(f"--column {pair}: there is no column of ours {nearest(ours, OURS)}")
        if theirs not in schema:
            raise ConfigError(f"--column {pair}: {file} has no column {nearest(theirs, schema)}")
        named[ours] = theirs
    needed = ["question", "answer"]
    needed += ["reference"] if rubric.needs_reference else []
    needed += ["other"] if rubric.compares else []
    if missing := [name for name in needed if name not in named]:
        raise ConfigError(
            f"Rubric {rubric.name} needs {', '.join(missing)}, and {file} has {', '.join(schema)}. "
            f"Name them, such as --column {missing[0]}=NAME."
        )
    return named


def _questions(
    rows: pl.LazyFrame, columns: dict[str, str], rubric: "Rubric", file: Path
) -> Iterator["Question"]:
    texts = {ours: pl.col(theirs) for ours, theirs in columns.items()}
    try:
        for batch in rows.select(ROW, **texts).collect_batches(chunk_size=1_000, maintain_order=True):
            for row in batch.iter_rows(named=True):
                yield _question(row, rubric, file)
    except pl.exceptions.PolarsError as error:
        raise on_disk.unreadable(file, error) from error


def _question(row: dict[str, Any], rubric: "Rubric", file: Path) -> "Question":
    """The question of a row.

    Raises:
        InputError: it lacks what the rubric needs; names the row.
    """
    from r1data.judge.labelled import as_list, judged_text
    from r1data.judge.question import Question
    from r1data.prompts.mapped import as_text

    def problem(what: str) -> InputError:
        return InputError(f"{file}, row {row[ROW] + 1}: {what}. Mend or leave out the row; none was judged.")

    task, reference = as_text(row["question"]), as_text(row.get("reference"))
    if task is None:
        raise problem("`question` is empty")
    if reference is None and rubric.needs_reference:
        raise problem("`reference` is empty")
    given = (rubric.kind == "criteria" and row.get("criteria")) or []
    listed = as_list(given)
    criteria = [given] if listed is None else listed
    if not all(isinstance(one, str) and one.strip() for one in criteria):
        raise problem("`criteria` is neither a text nor a list of texts")
    if rubric.kind == "criteria" and not (criteria or rubric.criteria):
        raise problem("`criteria` is empty, and the rubric has none of its own")
    other = judged_text(row.get("other"), rubric) if rubric.compares else None
    answer = judged_text(row["answer"], rubric)
    return Question(str(row[ROW]), task, answer, reference, other, tuple(criteria))
