"""What of one text is in another language: runs of foreign letters, and foreign sentences.

Rules that tolerate, each for letters that would be foreign else:

- Greek runs of one or two letters, and of three or four different ones without accent (π, Δθ, αβγ): symbols.
- In a script other than Latin, Latin letters that make no sentence: terms, names, variables. A sentence is
  five small words in a row, or four words with three small ones and two function words of one language.
- A run of eight letters at most in parentheses behind a word, `Sunzi (孙子)`: a name's own spelling; or in
  quotation marks before such parentheses, `“木” (tree)`: a term with its gloss.
- Whatever the prompt says word for word: quoted source text.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import regex

from r1data.curate.language.identify import function_words, probabilities
from r1data.curate.language.scripts import SCRIPTS, SCRIPTS_OF, letters, other_letters
from r1data.curate.language.sentences import SHARED, foreign_sentences

GAP = r"[^\p{L}\n]{1,4}"
"""Blanks, digits and signs over which two runs of foreign letters are one span."""
_LATIN = "A-Za-zÀ-ÖØ-öø-ʯḀ-ỿ"
_LATIN_WORDS = rf"[{_LATIN}]+(?:[ \t,;:.'’“”\"()\-–—]{{1,3}}[{_LATIN}]+){{3,}}"
_LATIN_RUN = re.compile(rf"(?<![{_LATIN}])[{_LATIN}]++(?:[ \t,;:.'’“”\"()\-–—]{{1,3}}+[{_LATIN}]++){{3,}}")
_LATIN_WORD = re.compile(rf"[{_LATIN}]+")
_GREEK_SIGN = regex.compile(r"[\p{Greek}--[\u03ac-\u03b0\u03ca-\u03ce\u03c2\u1f00-\u1fff]]{1,4}", regex.V1)
_NAME_AHEAD = re.compile(r"\w[\"'”’*_]*\s?[(（]\s*[\"'“‘「《]?\s*$")
_NAME_BEHIND = re.compile(r"\s*[\"'”’」》]?\s*[)）,，;；]")
_TERM_AHEAD = re.compile(r"[\"'“‘「『《`]\s*$")
_TERM_BEHIND = re.compile(r"\s*[\"'”’」』》`][*_]*\s?[(（]\s*[\"'“‘]?\w")
_COMMON = ("en", "es", "fr", "de", "pt", "it", "nl", "pl", "tr", "id", "vi")
_MAX_NAME_LETTERS = 8
_HAN_SENTENCE = regex.compile(r"[^\n。！？!?]+")
_KANA, _HAN = regex.compile(r"[\p{Hiragana}\p{Katakana}]"), regex.compile(r"\p{Han}")
_MIN_HAN = 10


class Span(NamedTuple):
    """A part of a text that is in another language; `language` is None until somebody asks."""

    start: int
    end: int
    language: str | None


def foreign_spans(blanked: str, target: str, prompt: str = "", *, gated: bool = False) -> list[Span]:
    """Foreign parts of a blanked text, in order, without overlaps.

    Args:
        gated: no letter is foreign by its script; sentences alone are looked at.
    """
    own = SCRIPTS_OF[target]
    spans = [] if gated else list(_runs(blanked, target))
    if "Latin" not in own and not gated:
        spans += _latin_sentences(blanked)
    if target == "ja":
        spans += _chinese_in_japanese(blanked)
    if SHARED.intersection(own):
        spans += (Span(*sentence) for sentence in foreign_sentences(blanked, target))
    quoted = _squeezed(prompt)
    return [
        one for one in _merged(spans) if not (quoted and _squeezed(blanked[one.start : one.end]) in quoted)
    ]


def gate_pattern(target: str) -> str:
    """A pattern, for Polars, of what may be foreign by its script in a text of this language."""
    own = SCRIPTS_OF[target]
    kinds = [other_letters(*own, "Latin", "Greek")]
    kinds += [] if "Greek" in own else [rf"{letters('Greek')}{{3}}"]
    kinds += [] if "Latin" in own else [_LATIN_WORDS]
    return "|".join(kinds)


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _runs(blanked: str, target: str) -> Iterator[Span]:
    """Runs of letters of other scripts."""
    own = SCRIPTS_OF[target]
    if blanked.isascii():
        return
    for match in _run_pattern(own).finditer(blanked):
        if not _is_named(blanked, *match.span()):
            yield Span(*match.span(), None)


@cache
def _run_pattern(own: tuple[str, ...]) -> "regex.Pattern[str]":
    other = rf"{other_letters(*own, 'Latin', 'Greek')}"
    greek = letters("Greek")
    symbol = rf"(?!{_GREEK_SIGN.pattern}(?!{greek}))"
    greek_run = [] if "Greek" in own else [rf"(?<!{greek}){symbol}{greek}{{3,}}"]
    run = "|".join([rf"{other}+", *greek_run])
    more = run if "Greek" in own else rf"{run}|(?<=[\p{{Greek}}][^\p{{L}}\n]{{1,2}}){greek}+"
    return regex.compile(rf"(?:{run})(?:{GAP}(?:{more}))*", regex.V1)


def _is_named(text: str, start: int, end: int) -> bool:
    """Whether a short run is a name's own spelling or a term before its gloss, in parentheses."""
    if end - start > _MAX_NAME_LETTERS:
        return False
    ahead, behind = text[max(0, start - 8) : start], text[end : end + 8]
    if _NAME_AHEAD.search(ahead) and _NAME_BEHIND.match(behind):
        return True
    return bool(_TERM_AHEAD.search(ahead) and _TERM_BEHIND.match(behind))


def _latin_sentences(blanked: str) -> Iterator[Span]:
    """Latin sentences where the language is written in another script."""
    for match in _LATIN_RUN.finditer(blanked):
        words = [word for word in _LATIN_WORD.findall(match[0]) if len(word) > 1 or word in "aI"]
        small = [word for word in words if word[0].islower() and len(word) > 1]
        in_a_row = longest = 0
        for word in words:
            in_a_row = in_a_row + 1 if word[0].islower() else 0
            longest = max(longest, in_a_row)
        long = len(words) >= 6 and 2 * len(small) >= len(words)
        told = len(words) >= 4 and len(small) >= 3 and _n_function_words(small) >= 2
        if longest >= 5 or long or told:
            yield Span(*match.span(), None)


def _n_function_words(words: list[str]) -> int:
    """The most function words, each counted once, that one of the common languages has among these, and the
    words with accents, which no variable and hardly a term has.
    """
    accented = sum(not word.isascii() for word in words)
    return accented + max(len(function_words(code).intersection(words)) for code in _COMMON)


def _chinese_in_japanese(blanked: str) -> Iterator[Span]:
    """Sentences of Han alone, which Japanese has no use for, and which the model takes for Chinese."""
    for match in _HAN_SENTENCE.finditer(blanked):
        if len(match[0]) < _MIN_HAN or _KANA.search(match[0]):
            continue
        if len(_HAN.findall(match[0])) < _MIN_HAN:
            continue
        found = probabilities(match[0])
        if found.get("zh", 0.0) >= 0.5 and found.get("ja", 0.0) <= 0.2:
            yield Span(match.start() + len(match[0]) - len(match[0].lstrip()), match.end(), "zh")


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start, one.end)):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = Span(last.start, max(last.end, span.end), last.language or span.language)
        else:
            merged.append(span)
    return merged


@cache
def script_of(char: str) -> str:
    """The Unicode script of a letter, if it is one of SCRIPTS, else `Other`."""
    return next((script for script in SCRIPTS if _letter(script).match(char)), "Other")


@cache
def _letter(script: str) -> "regex.Pattern[str]":
    return regex.compile(letters(script), regex.V1)
