"""What `r1data demo` prints when its night is made: the funnel, traces, questions with answers, students,
where to look.
"""

import polars as pl
from rich.console import Console
from rich.markup import escape

from r1data.evaluate import attempts_of, difference, metrics
from r1data.generate.models import resolve
from r1data.lake import Lake
from r1data.lake.query import fetch
from r1data.paths import PROJECT
from r1data.recipe import Recipe, load_student
from r1data.report import show
from r1data.report.funnel import funnel_text
from r1data.text import joined, prompt_text
from r1data.train.student import current_student

QUESTIONS = ("yield_by_family", "why_rejected")
N_TRACES = 3


def show_demo(lake: Lake, recipe: Recipe, night: str) -> None:
    """Print what a newcomer wants to see of a night, on stdout."""
    console = show.console()
    console.rule(f"Night {night}")
    query = "select * from funnel where recipe = $recipe and night = $night order by position"
    console.print(escape(funnel_text(fetch(lake, query, {"recipe": recipe.name, "night": night}))))
    _traces(lake, recipe, night, console)
    for name in QUESTIONS:
        text = (PROJECT / "sql" / "questions" / f"{name}.sql").read_text(encoding="utf-8")
        console.rule(f"r1data sql {name}")
        console.print(escape(text.splitlines()[0]))
        show.frame(fetch(lake, text, {"recipe": recipe.name, "night": night}), as_json=False)
    for student in recipe.students:
        _student(lake, student, console)
    _where_next(lake, recipe, night, console)


def _traces(lake: Lake, recipe: Recipe, night: str, console: Console) -> None:
    """The best trace of the prompts that were hardest to solve, of different families."""
    console.rule(f"{N_TRACES} accepted traces")
    rows = (
        lake.scan("corpus", night)
        .filter(pl.col("recipe") == recipe.name)
        .sort("pass_rate", "rank", "rollout_id")
        .unique("family", keep="first", maintain_order=True)
        .head(N_TRACES)
        .collect()
    )
    for row in rows.iter_rows(named=True):
        console.print(f"[bold]{escape(prompt_text(row['messages']))}[/bold]")
        console.print(escape(joined(row["reasoning"], row["answer"])))
        console.print(
            f"[dim]{row['family']} · solved in {row['pass_rate']:.0%} of attempts · "
            f"{row['completion_tokens']} tokens · r1data why {row['rollout_id']}[/dim]\n"
        )


def _student(lake: Lake, name: str, console: Console) -> None:
    recipe = load_student(name)
    trained = current_student(lake.scan("students"), name)
    base = resolve(recipe.base, recipe.revision)
    before, after = (
        attempts_of(lake.scan("evaluations"), model, recipe.evaluate).collect()
        for model in (base, trained.model)
    )
    (was,), (now,) = metrics(before), metrics(after)
    solved, lenient = difference(after, before), difference(after, before, column="last_number_right")
    console.rule(f"Student {name}")
    console.print(
        f"Trained on {trained.row['n_rows']} traces, {trained.row['steps']} steps, "
        f"{trained.row['elapsed_s']:.0f} s; asked "
        f"{now.n_items} held-out prompts zero-shot, {now.k} attempts each; 95 % intervals."
    )
    rows = [
        (
            "pass@1 (well-formed and right)",
            was.pass_at_1.percent(),
            now.pass_at_1.percent(),
            solved.percent(),
        ),
        (
            "last number right, any form",
            was.last_number.percent(),
            now.last_number.percent(),
            lenient.percent(),
        ),
    ]
    columns = ["measure", "before", "after", "gain"]
    show.frame(pl.DataFrame(rows, schema=columns, orient="row"), as_json=False)


def _where_next(lake: Lake, recipe: Recipe, night: str, console: Console) -> None:
    console.rule("Where to look next")
    for command, what in (
        ("make ui", "the same night in Dagster, http://127.0.0.1:3000"),
        (f'duckdb "{lake.catalog_path}" "select * from funnel"', "the corpus in SQL, from any DuckDB client"),
        (
            f".venv/bin/r1data sql tokens_by_domain -p recipe={recipe.name} -p night={night}",
            "one of sql/questions",
        ),
        (".venv/bin/r1data why ROLLOUT_ID", "the story of one rollout"),
        ("recipes/night.toml", "what a night makes"),
    ):
        console.print(f"  [bold]{escape(command)}[/bold]  {escape(what)}", soft_wrap=True)
