"""Sentences of another language in the same script, such as Spanish in an English trace.

A sentence passes without a model when a tenth of its words are function words that only the target has. Of
the others, the model gives the probability of the target and of its likeliest rival, and function words bear
witness: a sentence is foreign when the model rules the target out and the words do not speak against it. The
shorter the sentence and the fewer its function words, the surer the model must be.

What is not looked at: fewer than three words or fifteen letters; lists and formulas, where signs, not
blanks, stand between words; quotations inside a sentence of the target.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import regex

from r1data.curate.language.identify import (
    code_of,
    function_words,
    kin,
    likeliest,
    own_words,
    probabilities,
    unlike,
)
from r1data.curate.language.scripts import SCRIPTS_OF, letters

SHARED = frozenset(("Latin", "Cyrillic", "Arabic", "Devanagari"))
"""Scripts in which many languages are written."""
_UNKNOWN = frozenset((
    "lg", "mi", "ny", "sn", "so", "ss", "st", "tn", "ts", "ve", "xh", "yo",
    "zu", "ig", "ha", "rw", "rn", "ln", "mg", "om", "sm", "to", "haw", "wo",
))  # fmt: skip
"""Languages that the model does not know, or hardly: that it rules them out says nothing."""
_PLAIN = frozenset(("en", "id", "ms", "so", "sw", "xh", "zu"))
"""Languages written without accents: a small word that has one bears witness against them, as café does."""
_END = re.compile(r"[.!?…؟।۔:;]+[\"'”’»)\]*_]*(?=\s)|\n|[。！？]")
"""Ends of sentences, and colons and semicolons, behind which another language often begins."""
_FORMAT = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
"""Characters that show nothing: soft hyphens, zero-width characters, bidi controls."""
_LATIN_WORD = re.compile("[A-Za-zªºÀ-ÖØ-öø-ʯḀ-ỿ][A-Za-zªºÀ-ÖØ-öø-ʯḀ-ỿ\u0300-\u036f]*")
_BROKEN = re.compile(r"[=+<>|/\\\[\]{}^~#&@→←⇒↔∧∨¬×÷·•%$]")
_QUOTE = re.compile(r"\"[^\"\n]{1,300}\"|“[^”\n]{1,300}”|«[^»\n]{1,300}»|„[^“”\n]{1,300}[“”]|‘[^’\n]{1,300}’")
_INSIDE = re.compile(r"[\w,:;(—–-]\s*$")
_LONG_LIST = 300
_MIN_CHARS, _MIN_WORDS, _MIN_LETTERS, _MAX_WORDS = 12, 3, 15, 50


class Sentence(NamedTuple):
    """A foreign sentence: where it begins and ends, from its first to its last letter, and its language."""

    start: int
    end: int
    language: str


def foreign_sentences(blanked: str, target: str) -> Iterator[Sentence]:
    """Sentences of a blanked text that are in the script of the target, and not in it."""
    is_mine, word = own_words(target).__contains__, _word(target)
    for start, end in _sentences(blanked):
        plain = blanked[start:end]
        if not plain.isascii():
            plain = _FORMAT.sub("", plain)
        words = word.findall(plain.lower())
        if len(words) > _MAX_WORDS:
            yield from _of_parts(blanked, start, end, target)
        elif len(words) < _MIN_WORDS or sum(map(is_mine, words)) >= max(2, len(words) / 10):
            continue
        elif language := _foreign(plain, words, target):
            yield from _unless_quoted(blanked, start, end, language, target)


def _of_parts(blanked: str, start: int, end: int, target: str) -> Iterator[Sentence]:
    """A sentence of very many words, such as a text without full stops, part by part."""
    word = _word(target)
    places = [match.span() for match in word.finditer(blanked, start, end)]
    for first in range(0, len(places), _MAX_WORDS // 2):
        part = places[first : first + _MAX_WORDS // 2]
        here, there = part[0][0], part[-1][1]
        words = [blanked[one:other].lower() for one, other in part]
        if sum(map(own_words(target).__contains__, words)) >= max(2, len(words) / 10):
            continue
        if language := _foreign(blanked[here:there], words, target):
            yield Sentence(here, there, language)


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for match in _END.finditer(text):
        if match.end() - at >= _MIN_CHARS:
            yield at, match.end()
        at = match.end()
    if len(text) - at >= _MIN_CHARS:
        yield at, len(text)


def _foreign(piece: str, words: list[str], target: str) -> str | None:
    """The language of a sentence that is foreign (`und` where the model is not sure), or None."""
    long = [word for word in words if len(word) > 1]
    line, family = " ".join(long), kin(target)
    if len(long) < _MIN_WORDS or len(line) < _MIN_LETTERS + len(long) - 1:
        return None
    mine, types = function_words(target), set(long)
    is_known = code_of(target) not in _UNKNOWN
    # So long a sentence without one function word of the target is hardly in it.
    strange = bool(mine) and is_known and len(long) >= 6 and types.isdisjoint(mine)
    very = strange and len(long) >= 8 and len(mine) >= _LONG_LIST and SCRIPTS_OF[target] == ("Latin",)
    taken, probability = likeliest(line)
    if taken in family and not (very and probability < 0.5):
        return None
    if not _is_prose(piece, target):
        return None
    found = probabilities(line)
    ours = sum(found.get(code, 0.0) for code in family)
    rival = next((code for code in found if code not in family and _shares_script(code, target)), None)
    if rival is None:
        return None
    theirs = sum(found.get(code, 0.0) for code in kin(rival))
    for_rival, for_target = types & unlike(rival, target), types & unlike(target, rival)
    if code_of(target) in _PLAIN and not piece.isascii():
        for_rival |= {word for word in _word(target).findall(piece) if word.islower() and not word.isascii()}
    foreign = _is_ruled_out(ours, theirs, len(for_rival), len(for_target), len(long), target)
    if foreign or (strange and ours <= (0.5 if very else 0.1)):
        return rival if theirs >= 0.5 else "und"
    return None


def _is_ruled_out(ours: float, theirs: float, n_theirs: int, n_ours: int, n_words: int, target: str) -> bool:
    """Whether the target is ruled out, by its probability and that of its rival and the function words of
    each that the other does not have, in a sentence of so many words.
    """
    if code_of(target) in _UNKNOWN:
        return theirs >= 0.7 and n_theirs >= max(3, 2 * n_ours)
    if "Latin" not in SCRIPTS_OF[target]:  # fewer languages share these scripts
        if n_theirs >= max(3, 2 * n_ours):
            return ours <= 0.3 and theirs >= 0.5
        return ours <= (0.2 if n_theirs >= n_ours else 0.1) and theirs >= (0.6 if n_theirs > n_ours else 0.7)
    if n_theirs >= 2:
        return n_theirs > n_ours and ours <= 0.2 and (theirs >= 0.4 or ours <= 0.05)
    least = 0.4 if n_theirs and not n_ours else 0.85
    most = max(1, n_theirs) if n_words >= 6 else 0  # a word more may be common to both
    return n_ours <= most and ours <= 0.03 and theirs >= least and n_words >= 5 - n_theirs


def _is_prose(piece: str, target: str) -> bool:
    """Whether blanks stand between most words: not a formula, a table, code, or a list of words or pairs."""
    gaps = _word(target).split(piece.lower())[1:-1]
    broken = sum(_BROKEN.search(gap) is not None for gap in gaps)
    listed = sum("," in gap or ";" in gap for gap in gaps)
    of_pairs = listed >= 3 and listed * 5 >= len(gaps) * 2
    return broken * 3 < len(gaps) and listed * 2 < len(gaps) and not of_pairs


def _unless_quoted(blanked: str, start: int, end: int, language: str, target: str) -> Iterator[Sentence]:
    """The sentence from letter to letter, unless what is foreign in it is a quotation that is talked about.

    A quotation is, where the sentence around it goes on: what stands before it is no end of a sentence, or
    what stands after it is a small letter; and the rest is not foreign itself.
    """
    places = [match.span() for match in _word(target).finditer(blanked, start, end)]
    first, last = places[0][0], places[-1][1]
    before, after = max(0, start - 300), min(len(blanked), end + 300)
    before = max(before, blanked.rfind("\n", before, start) + 1)
    line = blanked.find("\n", start, after)
    after = line if line >= end else after
    rest, quoted = list(blanked[before:after]), False
    for quote in _QUOTE.finditer(blanked, before, after):
        ahead = blanked[max(before, quote.start() - 20) : quote.start()]
        behind = blanked[quote.end() : quote.end() + 2].strip()
        if quote.start() < last and first < quote.end() and (_INSIDE.search(ahead) or behind[:1].islower()):
            rest[quote.start() - before : quote.end() - before] = " " * len(quote[0])
            quoted = True
    if quoted:
        remainder = "".join(rest)[max(first - before, 0) : last - before]
        words = _word(target).findall(remainder.lower())
        if not _foreign(remainder, words, target):
            return
    yield Sentence(first, last, language)


@cache
def _shares_script(code: str, target: str) -> bool:
    """Whether two languages are written in one script; of a code without known scripts, it is believed."""
    return not set(SCRIPTS_OF.get(code, SCRIPTS_OF[target])).isdisjoint(SCRIPTS_OF[target])


@cache
def _word(target: str) -> "re.Pattern[str]":
    """A word of a shared script in which the target is written."""
    shared = tuple(script for script in SCRIPTS_OF[target] if script in SHARED)
    if shared == ("Latin",):
        return _LATIN_WORD
    one = letters(*shared)
    return regex.compile(rf"{one}(?:{one}|\p{{M}}|[\u200c\u200d])*", regex.V1)
