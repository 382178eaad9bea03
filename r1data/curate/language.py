"""Language mix: letters of a script in which the language of the prompt is not written.

Mixing in real traces is tiny, one to a few foreign characters in twenty thousand, so every letter counts,
outside of LaTeX, code and addresses. Tolerated are Greek letters in runs of one or two (π, Δθ) and, where the
language is not written in Latin letters, Latin terms and variable names: only five lower-case Latin words in
a row are foreign there.

What this does not see: languages that share a script, such as English and French, or Chinese in a Japanese
trace; and a short English phrase in a trace of another script.
"""

from collections import Counter
from functools import cache
from typing import Any, NamedTuple

import polars as pl
import regex

from r1data.curate.scripts import NOT_LANGUAGE, SCRIPTS, SCRIPTS_OF, letters, other_letters
from r1data.schema.facts import LANGUAGE

VERSION = "1"

_GREEK_WORD = rf"{letters('Greek')}{{3,}}"
_LATIN_SENTENCE = r"(?:[\p{Ll}&&\p{Latin}]{2,}[\s,;:.'’\-]+){4,}[\p{Ll}&&\p{Latin}]{2,}"
_GAP = r"[^\p{L}\n]{1,3}"
"""Blanks and signs over which two runs of foreign letters are one span."""


class _Foreign(NamedTuple):
    """What one text holds besides its language."""

    spans: list[dict[str, Any]]
    n_letters: int
    n_greek: int


def language_mix(traces: pl.LazyFrame) -> pl.LazyFrame:
    """Measure how much of each trace is written in the script of its language, and locate what is not.

    A gate of Polars expressions passes nearly every trace; foreign spans are sought only in the others. Greek
    letters that are mathematical symbols count neither as foreign nor as letters.

    Args:
        traces: night, rollout_id, text (whole completion), target (ISO 639-1 code of the wanted language).

    Returns:
        Schema LANGUAGE, one row per trace. Offsets count characters (code points) of `text`. A target that
        has no known script leaves every measure null.
    """
    wanted = traces.select("night", "rollout_id", "text", "target")
    return wanted.map_batches(_measure, schema=LANGUAGE.schema, streamable=True)


def foreign_pattern(target: str) -> str:
    """A pattern for runs of letters foreign to a language of SCRIPTS_OF; Polars and `regex` read it."""
    own = SCRIPTS_OF[target]
    runs = [rf"{other_letters(*own, 'Latin', 'Greek')}+"]
    runs += [] if "Greek" in own else [_GREEK_WORD]
    runs += [] if "Latin" in own else [_LATIN_SENTENCE]
    return "|".join(runs)


def _measure(traces: pl.DataFrame) -> pl.DataFrame:
    parts = [_measure_target(part) for part in traces.partition_by("target", maintain_order=True)]
    return pl.concat([LANGUAGE.empty(), *parts])


def _measure_target(traces: pl.DataFrame) -> pl.DataFrame:
    """Facts about traces of one target."""
    target = traces["target"][0]
    columns = LANGUAGE.schema.names()
    if target not in SCRIPTS_OF:
        unknown = {name: pl.lit(None, dtype=LANGUAGE.schema[name]) for name in columns[4:]}
        return traces.with_columns(version=pl.lit(VERSION), **unknown).select(columns)
    own, pattern = SCRIPTS_OF[target], foreign_pattern(target)
    language = pl.col("text").str.replace_all(NOT_LANGUAGE, "\n")
    symbols = () if "Greek" in own else ("Greek",)
    gated = traces.with_columns(
        mixed=language.str.contains(pattern),
        n_own=language.str.count_matches(letters(*own)),
        n_letters=language.str.count_matches(other_letters(*symbols)),
    )
    found = [
        _foreign(text, target) if mixed else _Foreign([], 0, 0)
        for text, mixed in gated.select("text", "mixed").iter_rows()
    ]
    return (
        gated.with_columns(
            pl.Series("foreign_spans", [one.spans for one in found], dtype=LANGUAGE.schema["foreign_spans"]),
            pl.Series("n_foreign_chars", [one.n_letters for one in found], dtype=pl.Int64),
            pl.Series("n_greek", [one.n_greek for one in found], dtype=pl.Int64),
            version=pl.lit(VERSION),
        )
        .with_columns(target_share=_share("n_own", pl.col("n_letters") + pl.col("n_greek")))
        .select(columns)
    )


def _share(part: str, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole > 0).then(pl.col(part) / whole)


def _foreign(text: str, target: str) -> _Foreign:
    blanked = _compiled(NOT_LANGUAGE).sub(
        lambda match: "\n" * len(match[0]), text
    )  # offsets stay those of the text
    run = foreign_pattern(target)
    spans, n_letters, n_greek = [], 0, 0
    for match in _compiled(rf"(?:{run})(?:{_GAP}(?:{run}))*").finditer(blanked):
        # `str.isalpha` knows fewer letters than `regex` does: Python's Unicode tables are older.
        scripts = Counter(map(script_of, _compiled(r"\p{L}").findall(match[0])))
        n_letters += scripts.total()
        n_greek += scripts["Greek"] if "Greek" not in SCRIPTS_OF[target] else 0
        script = max(scripts, key=scripts.__getitem__)
        spans.append({"offset": match.start(), "length": len(match[0]), "script": script, "text": match[0]})
    return _Foreign(spans, n_letters, n_greek)


@cache
def script_of(char: str) -> str:
    """The Unicode script of a letter, if it is one of SCRIPTS, else `Other`."""
    return next((script for script in SCRIPTS if _compiled(letters(script)).match(char)), "Other")


@cache
def _compiled(pattern: str) -> regex.Pattern[str]:
    return regex.compile(pattern, regex.V1)
