"""Prompts from files that are put into a folder: each is asked on the night that first sees it, and once.

    [[prompts]]
    name = "inbox"
    source = "inbox"
    path = "inbox"
    columns = { prompt = "question", reference = "answer" }

A file is known by its content, whatever its name. Table `inbox` remembers which night saw which file, so the
night asks the same again when it is made again. A file that cannot be read is remembered with its error and
blocks no other; mended, it is another file. One that lacks a mapped column stops the night: the recipe may be
wrong. Hidden files are never read, nor is one that changed within `settle_s`: write under a name that begins
with a dot and move it, or wait.
"""

import logging
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
from r1data.prompts.records import READERS, check_columns, hidden
from r1data.recipe import PromptSource, Recipe
from r1data.schema.prompts import INBOX

ERROR_CHARS = 500
log = logging.getLogger("r1data")


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
        ConfigError: the section is a benchmark, maps no prompt, or says which rows to ask.
        InputError: a file that the night saw is not in the folder any more.
    """
    _check(config)
    if night is None or not isinstance(config, PromptSource):
        raise ConfigError(f"`{config.name}` is an inbox, whose files come and go; it cannot be a benchmark.")
    seen = (INBOX.empty() if arrived is None else arrived).filter(
        pl.col("error").is_null(), source=config.name
    )
    here = _by_content(complete(config)) if seen.height else {}
    given: list[Question] = []
    for file_id, name in seen.sort("file", "file_id").select("file_id", "file").rows():
        path = here.get(file_id)
        found = _questions(config, path, name) if path else []
        if not path or not _is_still(path, file_id):
            raise InputError(
                f"{config.path}: {name}, which the night {night} asks, is gone (SHA-256 {file_id[:12]}…). "
                f"Put it back, under any name. It was in the `path` of `{config.name}`."
            )
        given += found
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
        with suppress(FileNotFoundError):  # moved away while we looked
            ours = not hidden(file, folder) and file.is_file() and file.name.endswith(tuple(READERS))
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

    Raises:
        ConfigError: the map of a section fits no file that its inbox ever had. A single file that it does not
            fit waits, with a warning.
    """
    sections = [section for section in recipe.prompts if section.source == "inbox"]
    if not sections:
        return INBOX.empty()
    known = scan("inbox").filter(recipe=recipe.name).collect()
    later = scan("intake").filter(pl.col("night") > night, recipe=recipe.name).head(1).collect()
    rows = []
    for section in sections:
        _check(section)
        if later.is_empty():
            rows += _arrived(section, recipe, night, known, check)
    return pl.concat([known.filter(night=night), pl.DataFrame(rows, schema=INBOX.schema)])


def waiting(config: PromptSource, known: pl.DataFrame) -> dict[str, Path]:
    """Complete files of an inbox that no night has seen, by content; of equal ones the first.

    Args:
        config: the inbox.
        known: rows of table `inbox` of its recipe.
    """
    seen = set(known.filter(source=config.name)["file_id"])
    return {file_id: path for file_id, path in _by_content(complete(config)).items() if file_id not in seen}


def _check(config: Config) -> None:
    check_map(config)
    if config.n_per_night is not None or config.rows is not None:
        raise ConfigError(
            f"`n_per_night` and `rows` of `{config.name}` do not apply to an inbox; use `max_per_night`."
        )


def _by_content(paths: list[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in paths:
        try:
            found.setdefault(checksum(path), path)
        except FileNotFoundError:  # moved away while we looked
            continue
        except OSError as error:
            log.warning("%s: not readable (%s); it waits in the inbox.", path, error.strerror)
    return found


def _is_still(path: Path, file_id: str) -> bool:
    """Whether a file is there and holds what it held when we looked."""
    return file_id in _by_content([path])


def _arrived(
    config: PromptSource,
    recipe: Recipe,
    night: str,
    known: pl.DataFrame,
    check: Callable[[pl.DataFrame], None] | None,
) -> list[dict[str, object]]:
    """Rows of the files that wait in an inbox."""
    rows, misfits = list[dict[str, object]](), list[ConfigError]()
    for file_id, path in waiting(config, known).items():
        try:
            row = _arrival(config, recipe, night, file_id, path, check)
        except ConfigError as error:
            misfits.append(error)
            log.warning("%s waits in the inbox: %s", path.name, error)
            continue
        rows += [row] if row else []
    usable = known.filter(pl.col("error").is_null(), source=config.name)
    if misfits and usable.is_empty() and not any(row["error"] is None for row in rows):
        raise misfits[0]  # more likely the recipe's mistake than that of every file
    return rows


def _arrival(
    config: PromptSource,
    recipe: Recipe,
    night: str,
    file_id: str,
    path: Path,
    check: Callable[[pl.DataFrame], None] | None,
) -> dict[str, object] | None:
    """The row of a file: how many questions it has, or why it has none; None if it changed meanwhile."""
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
        row |= {"n_rows": len(questions), "error": None}
    except InputError as error:
        row |= {"n_rows": None, "error": str(error)[:ERROR_CHARS]}
    return row if _is_still(path, file_id) else None


def _questions(config: PromptSource, path: Path, name: str) -> list[Question]:
    check_columns([path], wanted_columns(config), owner=config.name)
    return [
        question(config, record, place, where=str(path), origin=name)
        for _, _, place, record in numbered(config, [path])
    ]
