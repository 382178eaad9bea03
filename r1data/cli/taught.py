"""Verb taught: from what a student wrote to the traces that it trained on."""

from pathlib import Path
from typing import Annotated

import typer

from r1data.cli.options import Json
from r1data.errors import ConfigError, InputError
from r1data.lake import Lake
from r1data.report import show

EXCERPT_CHARS = 300
"""Of a prompt, as people see it."""


def add(app: typer.Typer) -> None:
    """Add the verb of this file."""
    app.command()(taught)


def taught(
    student: Annotated[str, typer.Argument(help="A file of recipes/students that was trained.")],
    text: Annotated[str | None, typer.Argument(help="What the student wrote, thought included.")] = None,
    attempt: Annotated[
        str | None,
        typer.Option(help="Instead of a text: the id of a rollout, or ITEM_ID:INDEX of an evaluation."),
    ] = None,
    file: Annotated[Path | None, typer.Option(help="Instead of a text: a file that holds it.")] = None,
    k: Annotated[int, typer.Option("--k", min=1, help="Traces, at most.")] = 5,
    json: Json = False,
) -> None:
    """Find who taught a student this: the traces of its training that have most in common with an answer."""
    from r1data.evaluate import taught as evaluate

    if sum(given is not None for given in (text, attempt, file)) != 1:
        raise ConfigError("Give one of: the text of an answer, --attempt ROLLOUT_ID, --file FILE.")
    lake = Lake()
    if attempt is not None:
        text = evaluate.completion_of(lake, student, attempt)
    if file is not None:
        text = _read(file)
    found = evaluate.taught(lake, student, text or "", k=k)
    none = f"No trace that student {student} trained on has a word of it."
    if json or found.is_empty():
        show.frame(found, as_json=json, if_none=none)
        return
    print("\n\n".join(map(_told, range(1, found.height + 1), found.iter_rows(named=True))))
    print(f"\n`r1data why {found['rollout_id'][0]}` tells the story of the first.")


def _told(place: int, row: dict[str, object]) -> str:
    unit = "words" if row["n_words"] == 1 else f"runs of {row['n_words']} words"
    prompt = " ".join(str(row["prompt"]).split())
    known = [str(row[name]) for name in ("teacher", "terms", "night") if row[name] is not None]
    lines = [
        f"{place}. {row['rollout_id']}",
        f"   has {row['containment']:.0%} of the answer's {unit}; Jaccard {row['jaccard']:.2f}",
        f"   from {', '.join(known) or 'a rollout that the lake no longer has'}; prompt under "
        f"{row['licence'] or 'no stated licence'}",
        f"   asked: {prompt if len(prompt) <= EXCERPT_CHARS else prompt[:EXCERPT_CHARS] + '…'}",
        f"   shares: {' '.join(str(row['passage']).split())}",
    ]
    return "\n".join(lines)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read as UTF-8 text ({error}). Name another by --file.") from error
