"""What a prompt source gives: one task to ask, with its reference and where it came from."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any, Literal, Protocol

import orjson
import polars as pl

from r1data import ids
from r1data.prompts.domain import domain_of
from r1data.prompts.simple import family_of
from r1data.recipe import BenchmarkSource, PromptSource
from r1data.schema.prompts import QUESTION_COLUMNS
from r1data.schema.table import MESSAGES
from r1data.text import prompt_text

FRAME_ROWS = 10_000
"""Questions that are in memory as Python objects while a frame is made."""


@dataclass(frozen=True)
class Question:
    """One task of a source."""

    messages: tuple[dict[str, str], ...]
    """Chat messages, each with `role` and `content`; system prompt and few-shots are the teacher's."""
    reference: str | None
    """Known-good answer; None for a verifier that needs none."""
    verifier: str
    """A key of `r1data.verify.VERIFIERS`."""
    origin: str
    """Where in the source: file and row, or generator and seed."""
    verifier_args: dict[str, Any] = field(default_factory=dict)
    domain: str = "math"
    """`auto`: told from the text."""
    family: str | None = None
    """Kind of task; of domain general, `simple` or `general` without it, told from the text."""
    level: int | None = None
    """Difficulty that the source states, 1 = easiest."""
    language: str = "en"
    """ISO 639-1 code of the language in which the trace must be written."""
    licence: str | None = None

    @property
    def prompt_id(self) -> str:
        """Content address of the messages."""
        return ids.prompt_id(self.messages)


class Source(Protocol):
    """A prompt source: streams the questions of one night, or the fixed items of a benchmark."""

    def __call__(
        self, config: PromptSource | BenchmarkSource, *, night: date | None, start: date
    ) -> Iterator[Question]:
        """Give the questions of `night` (UTC); None asks for the held-out items, the same on every night.

        `start` is the recipe's first night. Nothing is given before everything that will be given was found
        valid.

        Raises:
            ConfigError: the section asks for what the source does not have.
            InputError: a file or row cannot be used; the message names the file and the row.
        """


QUESTIONS = pl.Schema(
    {
        "prompt_id": pl.String,
        "messages": MESSAGES.dtype,
        **{column.name: column.dtype for column in QUESTION_COLUMNS},
        "language": pl.String,
        "source": pl.String,
        "origin": pl.String,
        "licence": pl.String,
        "reference": pl.String,
        "verifier": pl.String,
        "verifier_args": pl.String,
    }
)
"""Columns of questions as a frame; `verifier_args` is a JSON object with sorted keys."""


def user(prompt: str) -> tuple[dict[str, str], ...]:
    """A prompt as chat messages: one turn of the user."""
    return ({"role": "user", "content": prompt},)


def frame(questions: Iterable[Question], source: str) -> pl.DataFrame:
    """Questions of the source named `source` as rows of QUESTIONS, in order, copies included."""
    rows = (_row(question, source) for question in questions)
    frames = [QUESTIONS.to_frame()]
    while batch := list(islice(rows, FRAME_ROWS)):
        frames.append(pl.DataFrame(batch, schema=QUESTIONS))
    return pl.concat(frames)


def _row(question: Question, source: str) -> dict[str, Any]:
    domain = question.domain
    if domain == "auto":
        domain = domain_of(prompt_text(question.messages), question.verifier)
    family = question.family
    if domain == "general" and family is None:
        family = family_of(question.messages)
    return {
        "prompt_id": question.prompt_id,
        "messages": list(question.messages),
        "domain": domain,
        "family": family,
        "level": question.level,
        "language": question.language,
        "source": source,
        "origin": question.origin,
        "licence": question.licence,
        "reference": question.reference,
        "verifier": question.verifier,
        "verifier_args": orjson.dumps(question.verifier_args, option=orjson.OPT_SORT_KEYS).decode(),
    }


Use = Literal["night", "heldout", "example"]
SALT = 1  # with it, at least 16 one-digit sums and products each are held out, and 4 are for few-shots


def use(prompt: str) -> Use:
    """What a computed prompt is for, told by its hash: nights (11 of 16), benchmarks (4), few-shots (1)."""
    part = int(ids.digest(SALT, prompt), 16) % 16
    return "heldout" if part < 4 else "example" if part == 4 else "night"
