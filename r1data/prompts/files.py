"""Prompts from files of the user's own: a file or a folder, and a map from its columns to ours.

    [[prompts]]
    name = "gsm8k"
    source = "files"
    path = "train.jsonl"
    columns = { prompt = "question", reference = "answer" }

A relative path starts at the working directory.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random
from typing import Any, get_args

import orjson

from r1data.errors import ConfigError, InputError
from r1data.prompts.question import Question, user
from r1data.prompts.records import check_columns, files_in, records
from r1data.recipe import BenchmarkSource, PromptSource
from r1data.recipe.night import Domain
from r1data.text import nearest
from r1data.verify import verifier

OURS = ("prompt", "messages", "reference", "verifier_args", "family", "domain", "language", "licence")
"""What a column of a file can be mapped to; `prompt` or `messages` must be."""

Config = PromptSource | BenchmarkSource


def files(config: Config, *, night: date | None, start: date) -> Iterator[Question]:
    """Give the rows whose turn it is: `n_per_night` in a fixed shuffled order that wraps, or all.

    All files are read to their ends and all rows of the night are checked before any is given. Held-out items
    (`night` None) are all rows of `rows`, or the first `n_per_night` of the shuffled order.

    Raises:
        ConfigError: the section names a column that the file lacks, maps no prompt, or names no verifier.
        InputError: a file or row cannot be used; the message names the file and the row.
    """
    _check(config)
    paths = files_in(config.path, owner=config.name)
    check_columns(paths, config.columns | _parts(config), owner=config.name)
    n_rows = sum(1 for _ in _numbered(config, paths))
    chosen = _turn(config, n_rows, (night - start).days if night else 0)
    given = [
        _question(config, path, place, record)
        for number, path, place, record in _numbered(config, paths)
        if number in chosen
    ]
    yield from given


def _check(config: Config) -> None:
    for name in config.columns:
        if name not in OURS:
            raise ConfigError(f"`columns` of `{config.name}`: we have no {nearest(name, OURS)}")
    if ("prompt" in config.columns) == ("messages" in config.columns):
        raise ConfigError(
            f"`columns` of `{config.name}` must map either `prompt` or `messages` to a column of the file."
        )
    needed = verifier(config.verifier).needs_reference and not _may_lack_references(config)
    if config.reference_columns and "reference" in config.columns:
        raise ConfigError(
            f"`{config.name}` takes its reference from `columns` or `reference_columns`, not both."
        )
    if needed and "reference" not in config.columns and not config.reference_columns:
        raise ConfigError(
            f"`columns` of `{config.name}` maps no `reference`, which the verifier `{config.verifier}` needs."
        )


def _parts(config: Config) -> dict[str, str]:
    return {name: name for name in config.reference_columns}


def _may_lack_references(config: Config) -> bool:
    return isinstance(config, PromptSource) and config.allow_missing_reference


def _numbered(config: Config, paths: list[Path]) -> Iterator[tuple[int, Path, str, dict[str, Any]]]:
    columns = [*config.columns.values(), *config.reference_columns]
    found = ((path, place, record) for path in paths for place, record in records(path, columns))
    return ((number, *one) for number, one in enumerate(found))


def _turn(config: Config, n_rows: int, turn: int) -> set[int]:
    """Numbers of the rows whose turn it is, counted from 0 over all files."""
    first, before = config.rows or (0, n_rows)
    order = list(range(first, min(before, n_rows)))
    if not order:
        asked = f" `rows` of `{config.name}` asks for {first} to {before}." if config.rows else ""
        raise InputError(f"{config.path}: no rows to ask; it has {n_rows}.{asked}")
    if config.n_per_night is None or config.n_per_night >= len(order):
        return set(order)
    Random(config.name).shuffle(order)
    begin = turn * config.n_per_night
    return {order[(begin + i) % len(order)] for i in range(config.n_per_night)}


def _question(config: Config, path: Path, place: str, record: dict[str, Any]) -> Question:
    def cell(ours: str) -> Any:
        return record.get(config.columns.get(ours, ""))

    def problem(ours: str, what: str) -> InputError:
        return InputError(f"{path}, {place}: `{config.columns[ours]}` (our `{ours}`) {what}.")

    parts = {name: record[name] for name in config.reference_columns if record.get(name) is not None}
    reference = _text(parts or None) if config.reference_columns else _text(cell("reference"))
    if not reference and "reference" in config.columns and not _may_lack_references(config):
        raise problem("reference", "is empty")
    domain = cell("domain") or config.domain
    if domain not in get_args(Domain):
        raise problem("domain", f"is none of {', '.join(get_args(Domain))}")
    args = _object(cell("verifier_args"))
    if args is None:
        raise problem("verifier_args", "is not a JSON object")
    ours = "prompt" if "prompt" in config.columns else "messages"
    messages, what = chat_messages(cell(ours), config.prompt_suffix)
    if what:
        raise problem(ours, what)
    return Question(
        messages=messages,
        reference=reference,
        verifier=config.verifier,
        verifier_args=config.verifier_args | args,
        origin=f"{path.name}, {place}",
        domain=domain,
        family=_text(cell("family")),
        language=_text(cell("language")) or config.language,
        licence=_text(cell("licence")) or config.licence,
    )


def _object(found: Any) -> dict[str, Any] | None:
    """The object in a cell, which may be JSON text; None when it holds something else."""
    try:
        value = orjson.loads(found) if isinstance(found, str) and found else found or {}
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def chat_messages(found: Any, suffix: str) -> tuple[tuple[dict[str, str], ...], str]:
    """Chat messages of a cell, the suffix added to the last, and what is wrong with it, if anything.

    A cell is the text of a user's turn, or a list of messages.
    """
    if isinstance(found, str) or found is None:
        return (user(found + suffix), "") if found and found.strip() else ((), "is empty")
    if not isinstance(found, list) or not found:
        return (), "is not a list of chat messages"
    for message in found:
        if not isinstance(message, dict) or not all(
            isinstance(message.get(k), str) for k in ("role", "content")
        ):
            return (), "holds a message without `role` and `content`"
    messages = [{"role": message["role"], "content": message["content"]} for message in found]
    if not messages[-1]["content"].strip():
        return (), "ends in an empty message"
    messages[-1]["content"] += suffix
    return tuple(messages), ""


def _text(value: Any) -> str | None:
    """A reference as text: numbers as written, lists and objects as JSON, blank as None."""
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    return orjson.dumps(value, default=str).decode()
