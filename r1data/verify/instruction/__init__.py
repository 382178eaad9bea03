"""Instruction following: the constraints of IFEval that the prompt sets are kept by what follows the thought.

    >>> args = {"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
    >>> verify("<think>No comma.</think>Here it is.", None, args).verdict
    'right'

`loose` accepts what is kept after the first line, the last line, both, or none was taken away, each also
without asterisks: the eight forms of the paper, which forgive an introduction, a farewell and Markdown.
"""

import json
from typing import Any

from r1data.verify.answer import after_thought
from r1data.verify.instruction.compose import compose
from r1data.verify.instruction.constraints import CONSTRAINTS
from r1data.verify.instruction.tongue import DETECTOR
from r1data.verify.verdict import Verdict, right, unknown, wrong

VERSION = f"instruction-1+{DETECTOR}"

Wanted = list[tuple[str, dict[str, Any]]]
"""Ids of constraints with their arguments."""
UNREADABLE = (ValueError, TypeError, KeyError, OverflowError, RecursionError)
"""What reading constraints from any JSON raises."""


def verify(completion: str, reference: str | None, args: dict[str, Any]) -> Verdict:
    """Right when every constraint is kept; else the reward is the share of those that are.

    `args`: `instruction_id_list` and `kwargs` as in the public data set, and `mode`, `strict` (default) or
    `loose`. A reference is a JSON object with the first two, used where `args` has none. What was not kept is
    named as extracted. Unknown when all else is kept and the language of the answer cannot be told.
    """
    try:
        wanted, mode = _read(reference, args), args.get("mode", "strict")
    except UNREADABLE:
        return unknown("bad_reference")
    if mode not in ("strict", "loose"):
        return unknown("bad_reference")
    answer = after_thought(completion)
    if answer is None:
        return wrong("no_answer")
    forms = [answer] if mode == "strict" else _loose(answer)
    kept = [_kept(forms, name, arguments) for name, arguments in wanted]
    if broken := [name for (name, _), one in zip(wanted, kept, strict=True) if one is False]:
        return wrong("not_followed", ", ".join(broken), kept.count(True) / len(kept))
    return right("followed") if all(kept) else unknown("unknown_language")


def written(reference: str, args: dict[str, Any]) -> str:
    """An answer that keeps the constraints, made up of filler; empty when they cannot be read."""
    try:
        return compose(_read(reference, args))
    except UNREADABLE:
        return ""


def _read(reference: str | None, args: dict[str, Any]) -> Wanted:
    given = args if "instruction_id_list" in args else json.loads(reference or "")
    names, kwargs = given["instruction_id_list"], given["kwargs"]
    if isinstance(kwargs, str):  # as the data set's Parquet files have it
        kwargs = json.loads(kwargs)
    if not names or not isinstance(names, list) or len(names) != len(kwargs):
        raise ValueError("every constraint needs its arguments")
    if not all(isinstance(one, dict | None) for one in kwargs):
        raise TypeError("arguments are JSON objects")
    return [(name, CONSTRAINTS[name].arguments(one or {})) for name, one in zip(names, kwargs, strict=True)]


def _kept(forms: list[str], name: str, arguments: dict[str, Any]) -> bool | None:
    """True if any form keeps the constraint, None if none does but one might."""
    found = [CONSTRAINTS[name].check(form, **arguments) for form in forms if form]
    return True if True in found else None if None in found else False


def _loose(answer: str) -> list[str]:
    lines = answer.split("\n")
    forms = [answer, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
    return forms + [form.replace("*", "").strip() for form in forms]


__all__ = ["CONSTRAINTS", "VERSION", "verify", "written"]
