"""Near-duplicates among prompts: the same problem in other markup, punctuation or a few other words.

Two prompts are the same problem if their words are alike, their numbers are the same in the same order, and
their answers do not differ: a template with other numbers is another problem, and so is a text with another
answer.

What this does not find: paraphrases and translations, whose words are others.
"""

import re
import unicodedata
from fractions import Fraction

import numpy as np
import polars as pl

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


def same_problems(prompts: pl.DataFrame, threshold: float = THRESHOLD) -> pl.DataFrame:
    """Which prompts ask what an earlier one asks.

    Args:
        prompts: prompt_id (distinct), text, reference (null when unknown); one with a reference is kept
            rather than one without, then the earlier one.
        threshold: least share of word pairs in common.

    Returns:
        prompt_id, twin_id, jaccard (Float64) of the prompts that fall, in the order of `prompts`.
    """
    if prompts.height < 2:
        return pl.DataFrame(schema=TWINS)
    words = [normal_form(text) for text in prompts["text"]]
    numbers = [" ".join(NUMBER.findall(text)) for text in words]
    answers = [_answer(reference) for reference in prompts["reference"]]
    documents = prompts.select("prompt_id").with_columns(
        text=pl.Series(words, dtype=pl.String),
        numbers=pl.Series(numbers, dtype=pl.String),
        unknown=prompts["reference"].is_null(),
    )

    def agree(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        pairs = zip(rows.tolist(), others.tolist(), strict=True)
        told = [(answers[one], answers[other]) for one, other in pairs]
        return np.array([None in pair or pair[0] == pair[1] for pair in told], np.bool_)

    found = deduplicate(
        documents.lazy(),
        id="prompt_id",
        text="text",
        scope="numbers",
        prefer=pl.col("unknown"),
        agree=agree,
        scheme=SCHEME,
        threshold=threshold,
    )
    fallen = found.rows.filter(~pl.col("kept"))
    return fallen.select(prompt_id="id", twin_id="survivor_id", jaccard="jaccard")


def normal_form(text: str) -> str:
    """Words, numbers and signs apart by blanks; small letters, without markup and thousands separators."""
    plain = COMMAND.sub(" ", unicodedata.normalize("NFKC", text).lower())
    return " ".join(WORD.findall(SEPARATOR.sub("", plain)))


def _answer(reference: str | None) -> Fraction | str | None:
    """An answer as it is compared: a number, or its normal form."""
    if reference is None:
        return None
    last = reference.rpartition("####")[2].strip()
    try:
        return Fraction(SEPARATOR.sub("", last))
    except (ValueError, ZeroDivisionError):
        return normal_form(last)
