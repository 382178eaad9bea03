"""What a judge's reply says: one of a rubric's words, or what it says of each criterion.

>>> read_word("Therefore, Output (b) is better.", {"A": "right", "B": "wrong"}, compares=True)
Found(word='B', start=18)
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from r1data.generate.engines.structure import VERDICT
from r1data.judge.template import CRITERION_WORDS
from r1data.judge.words import conclusion
from r1data.verify.verdict import Word

_OBJECT = re.compile(r"\{[^{}]*\}(?=[\s`.]*$)")
"""An object that ends a reply; others are quoted in it."""
_ANY_OBJECT = re.compile(r"\{[^{}]*\}")
_SAID_BEFORE = re.compile(
    rf"criterion[_ ](\d{{1,3}})[\"'*`]*\s*[:=]\W*({'|'.join(CRITERION_WORDS)})\b", re.IGNORECASE
)
"""What a reply says of a criterion in front of its object."""
_FENCED = re.compile(r"\s*(?:```(?:json)?\s*)?(\{.*\})[\s`.]*", re.DOTALL)


@dataclass(frozen=True)
class Found:
    """A word that a reply chose."""

    word: str
    start: int
    """Where in the reply it begins, in characters."""


def read_word(reply: str, words: Mapping[str, Word], *, compares: bool) -> Found | None:
    """The word that a reply chose; None when it chose none, or two.

    Args:
        reply: what the judge wrote after its thought.
        words: the rubric's words and their meanings.
        compares: whether the words name two answers.
    """
    at, told = _object(reply)
    prose = conclusion(reply[:at], words, compares=compares)
    if told is None:
        return None if prose is None else Found(*prose)
    found = _of_object(reply, at, told, words)
    others = {prose[0]} if prose is not None else set()
    for text in _ANY_OBJECT.findall(reply[:at]):
        _, other = _object(text)
        if other is not None and (one := _of_object(text, 0, other, words)) is not None:
            others.add(one.word)
    return found if found is not None and others <= {found.word} else None


def read_criteria(reply: str, n: int) -> list[Found] | None:
    """What a reply says of criteria 1 to n, in this order; None unless it says exactly that, and that
    alone.
    """
    at, told = _object(reply)
    if told is None or set(told) != {f"criterion_{i}" for i in range(1, n + 1)}:
        return None
    found = []
    for i in range(1, n + 1):
        said = told[f"criterion_{i}"]
        said = {True: "yes", False: "no"}.get(said, said) if isinstance(said, bool) else said
        word = said.strip().casefold() if isinstance(said, str) else None
        if word not in CRITERION_WORDS:
            return None
        found.append(Found(word, _place(reply, at, f"criterion_{i}")))
    before = _SAID_BEFORE.findall(reply[:at])
    otherwise = any(word.casefold() != found[int(i) - 1].word for i, word in before if 1 <= int(i) <= n)
    return None if otherwise else found


def _object(reply: str) -> tuple[int, dict[str, Any] | None]:
    """Where the JSON object begins that a reply is or ends with, and its content; its length and None without
    one.
    """
    for found in (_FENCED.fullmatch(reply), _OBJECT.search(reply)):
        if found is None:
            continue
        at = found.start(1) if found.re is _FENCED else found.start()
        try:
            told = json.loads(reply[at:].rstrip(" \t\r\n`."), object_pairs_hook=_distinct)
        except (ValueError, RecursionError):
            continue
        if isinstance(told, dict):
            return at, told
    return len(reply), None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys come once.

    Raises:
        ValueError: one comes twice, so that it says two things.
    """
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key comes twice")
    return dict(pairs)


def _of_object(reply: str, at: int, told: Mapping[str, Any], words: Mapping[str, Word]) -> Found | None:
    known = {word.casefold(): word for word in words}
    said = {
        key: known[value.strip().casefold()]
        for key, value in told.items()
        if isinstance(value, str) and value.strip().casefold() in known
    }
    keys = [VERDICT] if VERDICT in told else list(said)
    if len({said.get(key) for key in keys}) != 1 or keys[0] not in said:
        return None
    return Found(said[keys[0]], _place(reply, at, keys[0]))


def _place(reply: str, at: int, key: str) -> int:
    """Where the value of a key begins, behind its quotation mark."""
    found = re.compile(rf'"{re.escape(key)}"\s*:\s*"?\s*').search(reply, at)
    return found.end() if found else at
