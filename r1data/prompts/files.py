"""Prompts from files of the user's own: a file or a folder, and a map from its columns to ours.

    [[prompts]]
    name = "gsm8k"
    source = "files"
    path = "train.jsonl"
    columns = { prompt = "question", reference = "answer" }

A relative path starts at the working directory; `s3://bucket/…` and `hf://datasets/owner/name/…` are fetched.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from r1data.prompts.mapped import Config, check_map, question, turn, wanted_columns
from r1data.prompts.question import Question
from r1data.prompts.records import check_columns, files_in, records
from r1data.prompts.remote import local


def files(config: Config, *, night: date | None, start: date) -> Iterator[Question]:
    """Give the rows whose turn it is: `n_per_night` in a fixed shuffled order that wraps, or all.

    All files are read to their ends and all rows of the night are checked before any is given. Held-out items
    (`night` None) are all rows of `rows`, or the first `n_per_night` of the shuffled order.

    Raises:
        ConfigError: the section names a column that the file lacks, maps no prompt, or names no verifier.
        InputError: a file or row cannot be used; the message names the file and the row.
        OfflineError: the files are elsewhere, and nothing answers.
    """
    check_map(config)
    with local(config.path, owner=config.name) as path:
        paths = files_in(path, owner=config.name)
        check_columns(paths, wanted_columns(config), owner=config.name)
        n_rows = sum(1 for _ in numbered(config, paths))
        chosen = turn(config, n_rows, (night - start).days if night else 0, where=str(path))
        given = [
            question(config, record, place, where=str(file), origin=file.name)
            for number, file, place, record in numbered(config, paths)
            if number in chosen
        ]
    yield from given


def numbered(config: Config, paths: list[Path]) -> Iterator[tuple[int, Path, str, dict[str, Any]]]:
    """Rows of all files with their numbers, counted from 0 over all of them."""
    columns = list(wanted_columns(config).values())
    found = ((path, place, record) for path in paths for place, record in records(path, columns))
    return ((number, *one) for number, one in enumerate(found))
