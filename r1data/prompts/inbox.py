"""Prompts from files that are put into a folder: each is asked on the night that first sees it, and once.

    [[prompts]]
    name = "inbox"
    source = "inbox"
    path = "inbox"
    columns = { prompt = "question", reference = "answer" }

A file is known by its content, whatever its name. Table `inbox` remembers which night saw which file, so the
night asks the same again when it is made again. A file that cannot be used is remembered with its error and
blocks no other; mended, it is another file. Hidden files are never read, nor is one that changed within
`settle_s`: write under a name that begins with a dot and move it, or wait.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import polars as pl

from r1data.errors import ConfigError, InputError
from r1data.lake.overlay import Scan
from r1data.lake.storage import checksum
from r1data.prompts.files import numbered
from r1data.prompts.mapped import Config, check_map, question, wanted_columns
from r1data.prompts.question import Question, frame
from r1data.prompts.records import READERS, check_columns
from r1data.recipe import PromptSource, Recipe
from r1data.schema.prompts import INBOX

ERROR_CHARS = 500


def inbox(
    config: Config, *, night: date | None, start: date, arrived: pl.DataFrame | None = None
) -> Iterator[Question]:
    """Give all rows of the files that the night saw.

    Args:
        config: the section of the recipe.
        night: the night; an inbox has no held-out items.
        start: the recipe's first night.
        arrived: rows of table `inbox` of this night.

    Raises:
        ConfigError: the section is a benchmark, or maps no prompt.
        InputError: a file that the night saw is not in the folder any more.
    """
    check_map(config)
    if night is None or not isinstance(config, PromptSource):
        raise ConfigError(f"`{config.name}` is an inbox, whose files come and go; it cannot be a benchmark.")
    seen = (INBOX.empty() if arrived is None else arrived).filter(
        pl.col("error").is_null(), source=config.name
    )
    here = _by_content(complete(config)) if seen.height else {}
    given: list[Question] = []
    for file_id, name in seen.sort("file", "file_id").select("file_id", "file").rows():
        if file_id not in here:
            raise InputError(
                f"{config.path}: {name}, which the night {night} asks, is gone (SHA-256 {file_id[:12]}…). "
                f"Put it back, under any name. It was in the `path` of `{config.name}`."
            )
        given += _questions(config, here[file_id], name)
    yield from given


def complete(config: PromptSource) -> list[Path]:
    """Files of an inbox that are complete, by name.

    Raises:
        ConfigError: no folder was given.
        InputError: there is no such folder.
    """
    if not config.path:
        raise ConfigError(f"`{config.name}` has no `path`. Give the folder into which files are put.")
    folder = Path(config.path).expanduser().absolute()
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder. It is the `path` of `{config.name}`; make it.")
    found, now = [], time.time()
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        with suppress(FileNotFoundError):  # moved away while we looked
            ours = not hidden and file.is_file() and file.name.endswith(tuple(READERS))
            if ours and abs(now - file.stat().st_mtime) >= config.settle_s:
                found.append(file)
    return found


def arrivals(
    recipe: Recipe, scan: Scan, *, night: str, check: Callable[[pl.DataFrame], None] | None = None
) -> pl.DataFrame:
    """Which files the inboxes of a recipe have for a night: those that it saw before, and new ones.

    New files go to the newest night only: making an earlier one again asks what it asked.

    Args:
        recipe: whose inboxes.
        scan: `inbox` and `intake` are read.
        night: the night, YYYY-MM-DD.
        check: raises InputError if the questions of a file cannot be asked.

    Returns:
        Rows of table `inbox` of the night.
    """
    sections = [section for section in recipe.prompts if section.source == "inbox"]
    if not sections:
        return INBOX.empty()
    known = scan("inbox").filter(recipe=recipe.name).collect()
    later = scan("intake").filter(pl.col("night") > night, recipe=recipe.name).head(1).collect()
    rows = []
    for section in sections:
        check_map(section)
        if later.is_empty():
            rows += [
                _arrival(section, recipe, night, file_id, path, check)
                for file_id, path in waiting(section, known).items()
            ]
    return pl.concat([known.filter(night=night), pl.DataFrame(rows, schema=INBOX.schema)])


def waiting(config: PromptSource, known: pl.DataFrame) -> dict[str, Path]:
    """Complete files of an inbox that no night has seen, by content; of equal ones the first.

    Args:
        config: the inbox.
        known: rows of table `inbox` of its recipe.
    """
    seen = set(known.filter(source=config.name)["file_id"])
    return {file_id: path for file_id, path in _by_content(complete(config)).items() if file_id not in seen}


def _by_content(paths: list[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in paths:
        with suppress(FileNotFoundError):
            found.setdefault(checksum(path), path)
    return found


def _arrival(
    config: PromptSource,
    recipe: Recipe,
    night: str,
    file_id: str,
    path: Path,
    check: Callable[[pl.DataFrame], None] | None,
) -> dict[str, object]:
    """The row of a file: how many questions it has, or why it has none."""
    row = {
        "recipe": recipe.name,
        "night": night,
        "source": config.name,
        "file_id": file_id,
        "file": path.name,
    }
    try:
        questions = _questions(config, path, path.name)
        if check:
            check(frame(questions, config.name))
    except (InputError, ConfigError) as error:
        return row | {"n_rows": None, "error": str(error)[:ERROR_CHARS]}
    return row | {"n_rows": len(questions), "error": None}


def _questions(config: PromptSource, path: Path, name: str) -> list[Question]:
    check_columns([path], wanted_columns(config), owner=config.name)
    return [
        question(config, record, place, where=str(path), origin=name)
        for _, _, place, record in numbered(config, [path])
    ]
