"""The trace is written in its language: R1's language consistency reward, by script.

    >>> verify("<think>Two and two is 四.</think>4", None, {"language": "en"}).reward
    0.8

The reward is the share of words in the target language, as in DeepSeek-AI, 2025, "DeepSeek-R1", section
2.3.2, arXiv:2501.12948. LaTeX, code, numbers, addresses and short runs of Greek letters are no words; nor,
where the language is not written in Latin letters, are Latin terms (`r1data.curate.language`). A word is a
run of letters, or one letter of a script without blanks between words.

What this does not see: another language in the same script.
"""

import re
from functools import cache
from typing import Any

import polars as pl

from r1data import text
from r1data.curate.language import VERSION as SCRIPT_VERSION
from r1data.curate.language import foreign_pattern
from r1data.curate.scripts import NOT_LANGUAGE, SCRIPTS_OF, letters
from r1data.verify.verdict import Verdict, right, unknown, wrong

VERSION = f"language-2+{SCRIPT_VERSION}"

UNSPACED = ("Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar", "Tibetan")
"""Scripts without blanks between words: every letter counts as a word."""
END = re.compile(r"\\end\{[^{}\n]*\}")


def verify(completion: str, reference: str | None, args: dict[str, Any]) -> Verdict:
    """Right when the share of words in the target language reaches the threshold; the reward is that share.

    `args`: `language`, the ISO 639-1 code of the target (default `en`); `threshold` (default 1: no foreign
    word); `part`, `all` (default) or `thought`. Needs no reference. The first foreign words are extracted.
    """
    target, threshold = args.get("language") or "en", args.get("threshold", 1.0)
    if target not in SCRIPTS_OF:
        return unknown("unknown_script")
    if not isinstance(threshold, int | float) or args.get("part", "all") not in ("all", "thought"):
        return unknown("bad_reference")
    part = (text.split(completion)[0] or "") if args.get("part") == "thought" else completion
    if part.isascii() and "Latin" in SCRIPTS_OF[target]:
        return right("in_language")  # nothing in it can be foreign
    n_own, n_foreign, first = _words(part, target)
    share = n_own / (n_own + n_foreign) if n_own + n_foreign else 1.0
    if share >= threshold:
        return right("in_language", first, share)
    return wrong("mixed_language", first, share)


def _words(part: str, target: str) -> tuple[int, int, str | None]:
    """How many words are in the language and foreign to it, and the first foreign run.

    Polars' regular expressions take linear time on any text, Python's do not.
    """
    part = _without_open_environments(part.encode("utf-8", "replace").decode())
    language = pl.Series([part]).str.replace_all(NOT_LANGUAGE, "\n")
    runs = language.str.extract_all(foreign_pattern(target))[0].to_list()
    own = language.str.count_matches(_word(SCRIPTS_OF[target]))[0]
    if not runs:
        return own, 0, None
    foreign = pl.Series(runs)
    inside = foreign.str.count_matches(_word(SCRIPTS_OF[target])).sum()
    return own - inside, foreign.str.count_matches(_ANY_WORD).sum(), runs[0]


def _without_open_environments(part: str) -> str:
    r"""A text whose `\begin{` all have an end, which NOT_LANGUAGE seeks for each through the whole text."""
    if "\\begin{" not in part:
        return part
    last = max((match.end() for match in END.finditer(part)), default=0)
    return part[:last] + part[last:].replace("\\begin{", "\\begin {")


@cache
def _word(scripts: tuple[str, ...]) -> str:
    """A pattern for a word in these scripts."""
    unspaced = [script for script in scripts if script in UNSPACED]
    spaced = [script for script in scripts if script not in UNSPACED]
    kinds = [rf"{letters(*spaced)}(?:{letters(*spaced)}|\p{{M}})*"] if spaced else []
    return "|".join(kinds + ([letters(*unspaced)] if unspaced else []))


_classes = "".join(rf"\p{{{script}}}" for script in UNSPACED)
_ANY_WORD = rf"[\p{{L}}&&[{_classes}]]|[\p{{L}}--[{_classes}]](?:[\p{{L}}--[{_classes}]]|\p{{M}})*"
