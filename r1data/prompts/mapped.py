"""From a row of any file or data set to a question, by the recipe's map from its columns to ours.

`files`, `hub`, `inbox` and `perturbed` share it.
"""

import json
import math
import re
from collections.abc import Mapping
from random import Random
from typing import Any, get_args

import orjson

from r1data.errors import ConfigError, InputError
from r1data.prompts.question import Question, user
from r1data.recipe import BenchmarkSource, PromptSource
from r1data.recipe.night import Domain
from r1data.text import nearest
from r1data.verify import misused, verifier

OURS = (
    *("prompt", "messages", "reference", "verifier_args"),
    *("family", "level", "domain", "language", "licence", "equation"),
)
"""What a column of a file can be mapped to; `prompt` or `messages` must be."""
ROLE = re.compile(r"[a-z_]+")
"""Roles that are words: anything else could write a turn of its own into a chat template."""
LEVEL = re.compile(r"(?:level\s*)?(\d{1,9})(?:\.0+)?", re.IGNORECASE)

Config = PromptSource | BenchmarkSource


def check_map(config: Config) -> None:
    """Make sure that the map of a section can give questions, before any row is read.

    Raises:
        ConfigError: the map names what we do not have, or lacks what must be mapped.
    """
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


def wanted_columns(config: Config) -> dict[str, str]:
    """Columns that rows must have, by what they are for us."""
    return config.columns | {name: name for name in config.reference_columns}


def turn(config: Config, n_rows: int, nights: int, *, where: str) -> set[int]:
    """Numbers of the rows whose turn it is `nights` nights after the first, counted from 0.

    `n_per_night` rows in a fixed shuffled order that wraps, or all; only those in `rows`.

    Raises:
        InputError: there are none; the message begins with `where`.
    """
    first, before = config.rows or (0, n_rows)
    order = list(range(first, min(before, n_rows)))
    if not order:
        asked = f" `rows` of `{config.name}` asks for {first} to {before}." if config.rows else ""
        raise InputError(f"{where}: no rows to ask; it has {n_rows}.{asked}")
    if config.n_per_night is None or config.n_per_night >= len(order):
        return set(order)
    Random(config.name).shuffle(order)
    begin = nights * config.n_per_night
    return {order[(begin + i) % len(order)] for i in range(config.n_per_night)}


def question(config: Config, record: Mapping[str, Any], place: str, *, where: str, origin: str) -> Question:
    """The question of a row.

    Args:
        config: whose map it is.
        record: the row's columns.
        place: which row it is, such as `line 3`.
        where: the file or data set, for errors.
        origin: the file or data set, to be stored.

    Raises:
        InputError: the row cannot be asked; names where it is and the column.
    """

    def cell(ours: str) -> Any:
        return record.get(config.columns.get(ours, ""))

    def problem(ours: str, what: str) -> InputError:
        return InputError(f"{where}, {place}: `{config.columns[ours]}` (our `{ours}`) {what}.")

    parts = {name: record[name] for name in config.reference_columns if record.get(name) is not None}
    reference = as_text(parts or None) if config.reference_columns else as_text(cell("reference"))
    if not reference and "reference" in config.columns and isinstance(config, BenchmarkSource):
        raise problem("reference", "is empty")
    domain = cell("domain") or config.domain
    if domain not in (*get_args(Domain), "auto"):
        raise problem("domain", f"is none of {', '.join(get_args(Domain))}")
    args = _object(cell("verifier_args"))
    if args is None:
        raise problem("verifier_args", "is not a JSON object, or holds a number of more than 64 bits")
    if wrong := misused(config.verifier, args):
        raise problem("verifier_args", wrong)
    level = as_text(cell("level"))
    if level and not LEVEL.fullmatch(level):
        raise problem("level", f"is {level[:40]!r}, not a number such as `3` or `Level 3`")
    ours = "prompt" if "prompt" in config.columns else "messages"
    messages, what = chat_messages(cell(ours), config.prompt_suffix)
    if what:
        raise problem(ours, what)
    return Question(
        messages=messages,
        reference=reference,
        verifier=config.verifier,
        verifier_args=config.verifier_args | args,
        origin=f"{origin}, {place}",
        domain=domain,
        family=as_text(cell("family")),
        level=int(LEVEL.fullmatch(level)[1]) if level else None,
        language=as_text(cell("language")) or config.language,
        licence=as_text(cell("licence")) or config.licence,
    )


def chat_messages(found: Any, suffix: str) -> tuple[tuple[dict[str, str], ...], str]:
    """Chat messages of a cell, the suffix added to the last, and what is wrong with it, if anything.

    A cell is the text of a user's turn, or a list of messages.
    """
    if isinstance(found, str) or found is None:
        return (user(found + suffix), "") if found and found.strip() else ((), "is empty")
    if not isinstance(found, list):
        return (), "is not a text"
    if not found:
        return (), "is not a list of chat messages"
    for message in found:
        if not isinstance(message, dict) or not all(
            isinstance(message.get(k), str) for k in ("role", "content")
        ):
            return (), "holds a message without `role` and `content`"
        if not ROLE.fullmatch(message["role"]):
            return (), f"holds the role {message['role'][:40]!r}, which is no small word"
    messages = [{"role": message["role"], "content": message["content"]} for message in found]
    if not messages[-1]["content"].strip():
        return (), "ends in an empty message"
    messages[-1]["content"] += suffix
    return tuple(messages), ""


def _may_lack_references(config: Config) -> bool:
    return isinstance(config, PromptSource) and config.allow_missing_reference


def _object(found: Any) -> dict[str, Any] | None:
    """The object in a cell, which may be JSON text; None when it holds something else."""
    try:
        value = orjson.loads(found) if isinstance(found, str) and found else found or {}
        orjson.dumps(value)  # as it will be stored
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    return value if isinstance(value, dict) else None


def as_text(value: Any) -> str | None:
    """A reference as text: numbers as written, lists and objects as JSON, blank or not a number as None."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, bool | float | list | dict):
        try:
            return orjson.dumps(value, default=str).decode()
        except orjson.JSONEncodeError:  # it holds a whole number of more than 64 bits
            return json.dumps(value, default=str, ensure_ascii=False)
    return str(value).strip() or None
