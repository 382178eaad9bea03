"""Readability, measured: repetition, long paragraphs, code blocks in the thought, stray tags.

Thresholds belong to the recipe (`r1data.recipe.Readability`), so nothing is rejected here.
"""

import polars as pl

from r1data.schema.facts import READABILITY
from r1data.text import CLOSE, OPEN

VERSION = "1"

N_WORDS = 4
"""Words of a run that counts as repeated."""

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD = rf"[{_UNSPACED}]|[\w--[{_UNSPACED}]]+"
_FENCE = r"(?m)^[ \t]*(?:```|~~~)"


def readability(traces: pl.LazyFrame) -> pl.LazyFrame:
    """Measure every trace.

    `repetition` is taken over the whole completion: the share of its runs of four words (code points, in
    scripts without spaces) that occurred before, as in Rae et al. 2021 (Gopher); 0.0 for a text of fewer
    words. `longest_paragraph_chars` and `n_code_blocks` are of the thought, 0 without one; a paragraph ends
    at a blank line. `n_tag_errors` is 0 exactly when the completion is one opening tag, with only blanks
    before it, and one closing tag after that.

    Args:
        traces: night, rollout_id, completion.

    Returns:
        Schema READABILITY, one row per trace.
    """
    completion = pl.col("completion")
    return (
        traces.with_columns(thought=thought(completion), words=_words(completion))
        .select(
            "night",
            "rollout_id",
            version=pl.lit(VERSION),
            repetition=_repetition(pl.col("words")),
            longest_paragraph_chars=_longest_paragraph(pl.col("thought")),
            n_code_blocks=_code_blocks(pl.col("thought")),
            n_tag_errors=tag_errors(completion),
        )
        .cast(dict(READABILITY.schema))
    )


def thought(completion: pl.Expr) -> pl.Expr:
    """The thought as `r1data.text.thought` finds it; null without one."""
    head = completion.str.splitn(CLOSE, 2).struct.field("field_0")
    after_open = head.str.splitn(OPEN, 2).struct.field("field_1")
    prefilled = pl.when(completion.str.contains(CLOSE, literal=True)).then(head)
    return after_open.fill_null(prefilled)


def tag_errors(completion: pl.Expr) -> pl.Expr:
    """Thought tags missing or repeated, plus one for text before the first and one for a wrong order."""
    n_open = completion.str.count_matches(OPEN, literal=True).cast(pl.Int64)
    n_close = completion.str.count_matches(CLOSE, literal=True).cast(pl.Int64)
    before_open = completion.str.splitn(OPEN, 2).struct.field("field_0")
    text_before = (n_open > 0) & (before_open.str.strip_chars() != "")
    closed_before = (n_open > 0) & before_open.str.contains(CLOSE, literal=True)
    return (
        (n_open - 1).abs() + (n_close - 1).abs() + text_before.cast(pl.Int64) + closed_before.cast(pl.Int64)
    )


def _words(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(r"</?think>", " ").str.to_lowercase().str.extract_all(_WORD)


def _repetition(words: pl.Expr) -> pl.Expr:
    word = pl.element()
    run = pl.concat_str([word.shift(-place) for place in range(N_WORDS)], separator=" ").drop_nulls()
    runs = words.list.eval(run)
    n_runs = runs.list.len()
    return pl.when(n_runs > 0).then(1 - runs.list.n_unique() / n_runs).otherwise(0.0)


def _longest_paragraph(text: pl.Expr) -> pl.Expr:
    paragraphs = text.str.split(r"\n\s*\n", literal=False)
    return paragraphs.list.eval(pl.element().str.strip_chars().str.len_chars()).list.max().fill_null(0)


def _code_blocks(text: pl.Expr) -> pl.Expr:
    """Fences open and close blocks in turn; the last one may be left open."""
    fences = text.str.count_matches(_FENCE).cast(pl.Int64)
    return ((fences + 1) // 2).fill_null(0)
