"""Turns of a chat that a person thumbed: stored as rollouts of no plan, with a review.

A turn's prompt is the whole conversation up to it. Its attempt has an index of its own (`ids.CHAT_INDEX`) and
is not unconditional, so it never enters a night's plan or corpus, and no pass rate counts it. Turns without a
thumb are not stored.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from r1data import ids
from r1data.curate.review_checks import check_approved
from r1data.curate.review_one import Said, reviewed
from r1data.errors import InputError
from r1data.generate.attempts import Attempt, row
from r1data.generate.engine import Completion, Request
from r1data.generate.engines.refused import storable
from r1data.generate.models import ModelFolder
from r1data.generate.render import Message, render
from r1data.generate.teachers import teacher_row
from r1data.recipe import Teacher
from r1data.schema import TABLES
from r1data.text import split
from r1data.verify.stored import Store

SOURCE = "chat"
"""`source` of prompts that were first asked in a chat."""
THUMBS = {"up": "approve", "down": "reject"}
"""Verdicts by thumb."""
_SURE = 0.5  # of the language; a line of digits is in none
_INDICES = 2**31 - ids.CHAT_INDEX  # `index` is an Int32


@dataclass(frozen=True)
class Asked:
    """What a model was asked in a chat."""

    messages: tuple[Message, ...]
    """The conversation, without the teacher's system prompt; the last message is the person's."""
    teacher: Teacher
    """Who was asked, as it was asked: zero-shot, with the page's sampling."""
    model: ModelFolder
    teacher_id: str
    request: Request


def asked(messages: tuple[Message, ...], teacher: Teacher, model: ModelFolder, max_tokens: int) -> Asked:
    """A conversation as a request, with a new attempt number, and so a new seed, at each call."""
    clean = tuple({"role": message["role"], "content": storable(message["content"])} for message in messages)
    prompt, teacher_id = ids.prompt_id(clean), teacher_row(teacher, model, "")["teacher_id"].item()
    index = ids.CHAT_INDEX + secrets.randbelow(_INDICES)
    rollout = ids.rollout_id(prompt, teacher_id, index)
    request = Request(
        rollout_id=rollout,
        prompt_id=prompt,
        index=index,
        messages=render(teacher, clean, None),
        seed=ids.seed(rollout),
        max_tokens=max_tokens,
        sampling=teacher.sampling,
        prefill=teacher.prefill,
        thinking=teacher.thinking,
        thought_marks=teacher.thought_marks,
    )
    return Asked(clean, teacher, model, teacher_id, request)


def thumbed(
    store: Store,
    turn: Asked,
    completion: Completion,
    thumb: str,
    *,
    reviewer: str,
    engine: str,
    seen: str | None,
    now: datetime,
) -> str:
    """Store a turn, unless it is stored, and what a person thinks of it.

    Args:
        store: the lake.
        turn: what was asked.
        completion: what came back.
        thumb: one of THUMBS.
        reviewer: who says so.
        engine: what ran it.
        seen: review_id of the latest thumb of this turn that the page knows of.
        now: when; its UTC date is the night of a turn that is not stored yet.

    Returns:
        review_id of the review that counts.

    Raises:
        InputError: there is no name, or an approved turn has no answer; nothing is stored then.
        ConcurrentWrite: somebody else reviewed the turn meanwhile.
    """
    if not reviewer.strip():
        raise InputError("Fill in your name first: a thumb says who gave it.")
    night, attempt = f"{now:%Y-%m-%d}", Attempt(turn.request, f"{now:%Y-%m-%d}", turn.teacher_id)
    rollout = row(attempt, completion, engine) | {"unconditional": False}
    if thumb == "up":
        reasoning, answer = split(rollout["completion"])
        check_approved("", {"reasoning": reasoning, "answer": answer, "needs_thought": False})
    store.append("prompts", _frame("prompts", _prompt(turn, night)))
    store.append("teachers", teacher_row(turn.teacher, turn.model, night))
    store.append("rollouts", _frame("rollouts", rollout))
    review = reviewed(store, Said(turn.request.rollout_id, THUMBS[thumb], reviewer, seen), now)
    store.append("reviews", review)
    return review["review_id"].item() if review.height else seen or ""


def _prompt(turn: Asked, night: str) -> dict[str, object]:
    """A row of table `prompts`; what a recipe's sources say of the same prompt counts for that recipe."""
    return {
        "night": night,
        "prompt_id": turn.request.prompt_id,
        "messages": list(turn.messages),
        "domain": "general",
        "language": _language(turn.messages[-1]["content"]),
        "source": SOURCE,
        "origin": "page",
    }


def _language(text: str) -> str:
    from r1data.curate.language.identify import likeliest  # its model is read at the first thumb alone

    code, probability = likeliest(text)
    return code if probability >= _SURE else "en"


def _frame(table: str, values: dict[str, object]) -> pl.DataFrame:
    schema = TABLES[table].schema
    return pl.DataFrame([{name: values.get(name) for name in schema}], schema=schema, orient="row")
