"""Near-duplicates among prompts: the same problem in other markup, punctuation or a few other words.

Two prompts are the same problem if their words are alike, their numbers are the same in the same order, and
their answers do not differ: a template with other numbers is another problem, and so is a text with another
answer.

What this does not find: paraphrases and translations, whose words are others.
"""

import re
import unicodedata
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import polars as pl

from r1data import ids
from r1data.curate.dedup.near import deduplicate
from r1data.curate.dedup.sign import Scheme

SCHEME = Scheme(n_words=2, n_bands=32, n_values=4)
"""Prompts are short: pairs of words, and bands that hold 98.8 % of pairs at 0.6."""
THRESHOLD = 0.6
TWINS = {"prompt_id": pl.String, "twin_id": pl.String, "jaccard": pl.Float64}
COMMAND = re.compile(r"\\[a-zA-Z]+|[${}\\]")
"""Markup of LaTeX; what it sets stays."""
WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+|[^\w\s]")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
SEPARATOR = re.compile(r"(?<=\d),(?=\d{3}\b)")


Same = Callable[[int, int], bool | None]
"""Whether the answers of two rows of prompts are one, if they are not written alike; None when unknown."""


def same_problems(prompts: pl.DataFrame, *, same_answer: Same | None = None) -> pl.DataFrame:
    """Which prompts ask what an earlier one asks.

    Args:
        prompts: prompt_id (distinct), text, reference (null when unknown); one with a reference is kept
            rather than one without, then the earlier one.
        same_answer: asked of rows with answers that are written differently; without it, those differ.

    Returns:
        prompt_id, twin_id, jaccard (Float64) of the prompts that fall, in the order of `prompts`.
    """
    if prompts.height < 2:
        return pl.DataFrame(schema=TWINS)
    words = [normal_form(text) for text in prompts["text"]]
    numbers = [_numbers(text) for text in words]
    answers = [_answer(reference) for reference in prompts["reference"]]
    documents = prompts.select("prompt_id").with_columns(
        text=pl.Series(words, dtype=pl.String),
        numbers=pl.Series(numbers, dtype=pl.String),
        unknown=prompts["reference"].is_null(),
    )

    def agree(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        pairs = zip(rows.tolist(), others.tolist(), strict=True)
        return np.array([alike(one, other) for one, other in pairs], np.bool_)

    def alike(one: int, other: int) -> bool:
        told = (answers[one], answers[other])
        return None in told or told[0] == told[1] or bool(same_answer and same_answer(one, other))

    found = deduplicate(
        documents.lazy(),
        id="prompt_id",
        text="text",
        scope="numbers",
        prefer=pl.col("unknown"),
        agree=agree,
        scheme=SCHEME,
        threshold=THRESHOLD,
    )
    row = {name: place for place, name in enumerate(prompts["prompt_id"])}
    fallen = found.rows.filter(~pl.col("kept"))
    # Texts whose normal forms are equal were not asked whether they agree: `\sin` and `\cos` are both markup.
    same = [alike(row[one], row[other]) for one, other in fallen.select("id", "survivor_id").iter_rows()]
    return fallen.filter(pl.Series(same, dtype=pl.Boolean)).select(
        prompt_id="id", twin_id="survivor_id", jaccard="jaccard"
    )


def normal_form(text: str) -> str:
    """Words, numbers and signs apart by blanks; small letters, without markup and thousands separators."""
    plain = COMMAND.sub(" ", unicodedata.normalize("NFKC", text).lower())
    return " ".join(WORD.findall(SEPARATOR.sub("", plain)))


def numbers_key(text: str) -> str:
    """Digest of the numbers of a text, in their order; others are never the same problem."""
    return ids.digest(_numbers(normal_form(text)))


def _numbers(words: str) -> str:
    return " ".join(NUMBER.findall(words))


def _answer(reference: str | None) -> Fraction | str | None:
    """An answer as it is compared: a number, or its normal form."""
    if reference is None:
        return None
    last = reference.rpartition("####")[2].strip()
    try:
        return Fraction(SEPARATOR.sub("", last))
    except (ValueError, ZeroDivisionError):
        return normal_form(last)
