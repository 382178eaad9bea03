"""One text: its foreign parts, and the counts that shares and R1's reward are made of."""

from collections import Counter
from dataclasses import dataclass, field
from functools import cache

import regex

from r1data import text as of_text
from r1data.curate.language.identify import likeliest
from r1data.curate.language.mask import blanked
from r1data.curate.language.scripts import LANGUAGE_OF, SCRIPTS_OF, UNSPACED, classes, letters
from r1data.curate.language.spans import Span, foreign_spans, script_of

_SURE = 0.5
_spaced = rf"[\p{{L}}--[{classes(*UNSPACED)}]]"
_ANY_WORD = regex.compile(rf"{letters(*UNSPACED)}|{_spaced}(?:{_spaced}|\p{{M}}|\p{{Cf}})*", regex.V1)
_LETTERS = regex.compile(r"[\p{L}--\p{Common}]+", regex.V1)


@dataclass(frozen=True)
class Mixture:
    """What one text holds besides its language."""

    text: str
    blanked: str
    """The text with blanks for all that is no language."""
    target: str
    spans: list[Span] = field(default_factory=list)
    """Foreign parts, in order."""

    def consistency(self, start: int = 0, end: int | None = None) -> float | None:
        """R1's reward: words in the target by all words, of a part of the text; None without words."""
        end = len(self.text) if end is None else end
        here = [(max(one.start, start), min(one.end, end)) for one in self.spans]
        here = [place for place in here if place[0] < place[1]]
        if not here:
            return 1.0 if _own_letters(self.target).search(self.blanked, start, end) else None
        foreign = sum(len(_ANY_WORD.findall(self.blanked, *place)) for place in here)
        word, at, own = _own_word(SCRIPTS_OF[self.target]), start, 0
        for first, last in (*here, (end, end)):
            own += len(word.findall(self.blanked, at, first))
            at = last
        return own / (own + foreign) if own + foreign else None

    def letters(self, span: Span) -> str:
        """The letters of a foreign part, without what stands between them."""
        return "".join(_LETTERS.findall(self.blanked, span.start, span.end))

    def n_own_letters(self) -> int:
        """Letters of the target's scripts outside of the foreign parts."""
        own, at, n = _own_letters(self.target), 0, 0
        for span in (*self.spans, Span(len(self.text), len(self.text), None)):
            n += sum(map(len, own.findall(self.blanked, at, span.start)))
            at = span.end
        return n

    def thought(self) -> tuple[int, int]:
        """Where the thought begins and ends; the whole text where there is none."""
        found = of_text.thought(self.text)
        if found.start is None:
            return 0, len(self.text)
        return found.start, len(self.text) if found.end is None else found.end


def mixture(text: str, target: str, prompt: str = "", *, gated: bool = False) -> Mixture:
    """Find what of a text is not in a language of SCRIPTS_OF.

    Args:
        prompt: what the text answers; what it says word for word is no mixing.
        gated: no letter is foreign by its script, as `spans.gate_pattern` tells.
    """
    plain = blanked(text)
    return Mixture(text, plain, target, foreign_spans(plain, target, prompt, gated=gated))


def script_in(letters: str) -> str:
    """The script of most of the letters."""
    return Counter(map(script_of, letters)).most_common(1)[0][0]


def language_of(mix: Mixture, span: Span) -> str:
    """The language of a foreign part: what its sentence was found to be, what its script tells, or what the
    model is sure of; else `und`.
    """
    if span.language:
        return span.language
    letters = mix.letters(span)
    script = script_in(letters)
    if script in ("Han", "Hiragana", "Katakana"):
        return "zh" if {"Hiragana", "Katakana"}.isdisjoint(map(script_of, letters)) else "ja"
    if script in LANGUAGE_OF:
        return LANGUAGE_OF[script]
    code, probability = likeliest(mix.blanked[span.start : span.end])
    return code if probability >= _SURE and script in SCRIPTS_OF.get(code, (script,)) else "und"


@cache
def _own_letters(target: str) -> "regex.Pattern[str]":
    return regex.compile(rf"{letters(*SCRIPTS_OF[target])}+", regex.V1)


@cache
def _own_word(scripts: tuple[str, ...]) -> "regex.Pattern[str]":
    """A pattern for a word in these scripts."""
    unspaced = [script for script in scripts if script in UNSPACED]
    spaced = [script for script in scripts if script not in UNSPACED]
    kinds = [rf"{letters(*spaced)}(?:{letters(*spaced)}|\p{{M}}|\p{{Cf}})*"] if spaced else []
    return regex.compile("|".join(kinds + ([letters(*unspaced)] if unspaced else [])), regex.V1)
