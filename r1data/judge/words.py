"""Which word a reply in free text concludes with.

    >>> conclusion("(a) is longer. Output (b) is better.", {"A": "right", "B": "wrong"}, compares=True)
    ('B', 23)

Only what is said as a verdict counts. What the reply quotes, ascribes to somebody else, denies, asks, lists
or says under a condition is a mention. Verdicts of the first and of the last sentence, and such as are marked
(`[[B]]`, `Verdict: B`), count before others, and must not differ; without a last one, what follows a
*therefore* takes its place. Only without all of these do the others count, which must not differ either.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from r1data.verify.verdict import Word

_LONGEST_ALONE = 80
_LONGEST_SENTENCE = 1000
"""Longer ones are loops; to look at all that stands before every match of one takes minutes."""
_THING = (
    r"(?:outputs?|answers?|responses?|assistants?|options?|models?|candidates?|reply|replies|texts?|"
    r"completions?|choices?)"
)
_IS = (
    r"(?:(?:\s+(?:would|should|must))?\s+(?:is|are|was|were|be|seems?|appears?|looks?|remains?|becomes?|"
    r"stands\s+out\s+as|comes\s+out\s+as)|['’](?:s|re))"
)
_ADVERBS = (
    r"(?P<adverbs>(?:\s+(?:[a-z]+ly|the|an?|to\s+be|considered|deemed|overall|much|far|still|thus|also|not|no|"
    r"never|in|as|more|one))*)"
)
_BETTER = r"(?:better|best|superior|preferable|preferred|stronger|strongest|winner)"
_NAMED = (
    r"(?:verdict|winner|decision|conclusion|judge?ment|preference|choice|(?:final\s+)?answer|"
    rf"{_BETTER}(?:\s+(?:one|{_THING}))?)"
)
_CHOOSE = (
    r"(?:choose|chose|pick|prefer|select|favou?r|go\s+with|went\s+with|vote\s+for|side\s+with|say|write)"
)
_I = r"\b(?:i|we)(?:\s+(?:would|will|must|have\s+to|shall|do)|['’](?:d|ll))?"
_WINS = r"\s+(?:wins|should\s+win|is\s+the\s+(?:one|winning\s+one))\b"
_END = r"(?=\s*(?:$|[.,;!\n)\]}\"”])|\s+(?:because|since|as|for|by|is|over)\b)"
"""What may follow a word that stands for a verdict; `the same except for …` is none."""
_FILLER = r"[\s,:;\"'“”\-]*+"

_THEREFORE = (
    r"(?:therefore|thus|hence|overall|consequently|ultimately|so|finally|accordingly|(?:in|as\s+a)\s+(?:conclusion|"
    r"summary|result|short|sum)|to\s+(?:conclude|sum\s+up|summari[sz]e)|all\s+in\s+all|based\s+on|given|"
    r"considering|for\s+th(?:is|ese)\s+reasons?)\b"
)
_FINAL = re.compile(rf"\W*{_THEREFORE}", re.IGNORECASE)
_ASCRIBED = re.compile(
    r"\b(?:(?:argue|claim|believe|think|state|suggest|consider|conclude|prefer|maintain|insist|contend|say|assert)"
    r"s|said|(?:argu|claim|believ|stat|suggest|maintain|insist|contend|assert)ed|according\s+to)\b[^,;:]*:?\s*$",
    re.IGNORECASE,
)
_IF = re.compile(
    r"\W*(?:(?:but|and)\s+)?(?:only\s+)?(?:if|unless|were|had|provided|assuming)\b", re.IGNORECASE
)
"""A condition that follows a verdict."""
_OURS = re.compile(r"\b(?:i|we)\b[^,;:]*:?\s*$", re.IGNORECASE)
_DENIED = re.compile(r"(?:\bnot|n['’]t|\bnever|\bcannot|\bhardly)\s+(?:[a-z]+\s+){0,4}$", re.IGNORECASE)
_SUPPOSED = re.compile(
    r"\b(?:(?:if|whether|unless|suppose|assuming|might|may|could|maybe|perhaps|possibly)\b[^;:]*|"
    r"(?:although|though|while|at\s+first)\b[^,;:]*)$",
    re.IGNORECASE,
)
_ASPECT = re.compile(
    r"\b(?:in\s+terms\s+of|with\s+regard|regarding|as\s+for|when\s+it\s+comes\s+to)\b", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?:[^.!?\n]|[.!?](?=\w))+[.!?]*|[.!?]+")
_MARKS = str.maketrans(dict.fromkeys("*`_#>|", " "))
"""Markdown, taken out without moving a letter."""


@dataclass(frozen=True)
class _Said:
    """A verdict that a reply states."""

    word: str
    start: int
    sentence: int
    marked: bool = False
    therefore: bool = False
    aspect: bool = False
    """Whether it is said of one aspect alone."""


def conclusion(reply: str, words: Mapping[str, Word], *, compares: bool) -> tuple[str, int] | None:
    """The word that a reply concludes with, and where it begins; None when there is none, or there are two.

    Args:
        reply: what a judge wrote.
        words: the words that it may choose, and what they mean.
        compares: whether they name two answers.
    """
    text = reply.translate(_MARKS)
    patterns = _patterns(tuple(words.items()), compares)
    if (alone := patterns.alone(text)) is not None:
        return alone
    sentences = [found for found in _SENTENCE.finditer(text) if found[0].strip()]
    said = [
        one
        for number, sentence in enumerate(sentences)
        if len(sentence[0]) <= _LONGEST_SENTENCE and not sentence[0].rstrip().endswith("?")
        for one in patterns.said(sentence, number)
    ]
    return _agreed(said, len(sentences))


def _agreed(said: Sequence[_Said], n_sentences: int) -> tuple[str, int] | None:
    """What the verdicts of the highest rank agree on."""
    firm = [one for one in said if not one.aspect]
    marked = [one for one in firm if one.marked]
    first = [one for one in firm if one.sentence == 0]
    last = [one for one in firm if one.sentence == n_sentences - 1]
    last = last or marked or [one for one in firm if one.therefore]
    return _one(first + last + marked or firm or said)


def _one(said: Sequence[_Said]) -> tuple[str, int] | None:
    """The last of verdicts that are all the same."""
    if len({one.word for one in said}) != 1:
        return None
    return said[-1].word, said[-1].start


@lru_cache(64)
def _patterns(words: tuple[tuple[str, Word], ...], compares: bool) -> "_Patterns":
    return _Patterns(dict(words), compares)


class _Patterns:
    """How a verdict can be worded, for the words of one rubric."""

    def __init__(self, words: Mapping[str, Word], compares: bool) -> None:
        self._words = words
        self._known = {word.casefold(): word for word in words}
        either = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
        bare = rf"(?<!\w)(?P<w>{either})(?!\w)"
        held = rf"[\[({{]{{1,2}}\s*{bare}\s*[\])}}]{{1,2}}"
        # `a` alone is an article and `the same` a common phrase: as a verdict they are spelled as asked for.
        exact = rf"[\"'“]?(?-i:{bare})[\"'”]?"
        thing = rf"\b{_THING}\s+{bare}"
        one = _distinct(rf"(?:the\s+)?(?:(?:\b{_THING}\s*)?{held}|{thing}|{exact})")
        self._alone = _compiled(rf"(?:{_NAMED}|{_THING})?[\s:=]*+(?:{_distinct(f'{held}|{bare}')})")
        self._marked = _compiled(
            rf"\[\[\s*{bare}\s*\]\]",
            rf"\\boxed\s*\{{\s*(?:\\text\s*\{{)?\s*[\[(]*{bare}",
            rf"\b{_NAMED}\s*[:=]\s*(?:{_THING}\s*)?[\[({{\"']*{bare}[\])}}\"']*{_END}",
        )
        worded = [
            rf"\b{_NAMED}{_IS}{_ADVERBS}\s*[:\"']?\s*{one}{_END}",
            rf"{_I}{_ADVERBS}\s+{_CHOOSE}\s+{one}{_END}",
            rf"^{_FILLER}(?:{_THEREFORE})?{_FILLER}{one}[\s.!]*$",
        ]
        if compares:
            worded += [rf"{one}{_IS}{_ADVERBS}\s+{_BETTER}\b", rf"{one}{_WINS}"]
        else:
            subject = rf"\b(?:{_THING}|they|it|both|two|one|statements?|values?|results?|solutions?|verdict)"
            worded += [rf"{subject}{_IS}{_ADVERBS}\s+{exact}{_END}"]
        self._worded = [re.compile(pattern, re.IGNORECASE) for pattern in worded]
        each = rf"(?:{_THING}\s*)?[\[({{]{{0,2}}\s*(?<!\w)(?:{either})(?!\w)\s*[\])}}]{{0,2}}"
        self._listed = re.compile(rf"{each}\s*(?:,|/|or|and|vs\.?|versus)+\s*{each}", re.IGNORECASE)

    def alone(self, text: str) -> tuple[str, int] | None:
        """The word of a reply that holds nothing else."""
        bare = text.strip(" \t\r\n.,!\"'“”")
        found = self._alone.fullmatch(bare) if len(bare) <= _LONGEST_ALONE else None
        if found is None:
            return None
        word, at = self._word(found)
        return word, text.index(bare) + at

    def said(self, sentence: re.Match[str], number: int) -> Iterator[_Said]:
        """The verdicts that a sentence states."""
        text, begin = sentence[0], sentence.start()
        therefore = _FINAL.match(text) is not None
        listed = [span.span() for span in self._listed.finditer(text)]

        def counts(at: int) -> bool:
            return not _quoted(text[:at]) and not any(a <= at < b for a, b in listed)

        for pattern in (self._marked, *self._worded):
            for found in pattern.finditer(text):
                _, at = self._word(found)
                before = text[: found.start()]
                word = self._meant(found, before)
                if word is not None and counts(at):
                    aspect = _ASPECT.search(before) is not None
                    marked = pattern is self._marked
                    yield _Said(word, begin + at, number, marked, therefore, aspect)

    def _word(self, found: re.Match[str]) -> tuple[str, int]:
        """The word that a pattern found, and where."""
        name = next(name for name, text in found.groupdict().items() if name[0] == "w" and text)
        return self._known[found[name].casefold()], found.start(name)

    def _meant(self, found: re.Match[str], before: str) -> str | None:
        """The word, or its opposite where that is denied and there is one; None of a mere mention."""
        word, _ = self._word(found)
        if _SUPPOSED.search(before) or (_ASCRIBED.search(before) and not _OURS.search(before)):
            return None
        adverbs = (found.groupdict().get("adverbs") or "").casefold().split()
        if _IF.match(found.string, found.end()) or {"hardly", "barely", "scarcely"} & set(adverbs):
            return None
        if _DENIED.search(before) or {"not", "no", "never"} & set(adverbs):
            others = [other for other, means in self._words.items() if means == "wrong"]
            return others[0] if self._words[word] == "right" and len(others) == 1 and len(word) > 1 else None
        return word


def _compiled(*patterns: str) -> re.Pattern[str]:
    return re.compile(_distinct("|".join(patterns)), re.IGNORECASE)


def _distinct(pattern: str) -> str:
    """A pattern in which every group for the word has a name of its own."""
    parts = re.split(r"\(\?P<w\d*>", pattern)
    return parts[0] + "".join(f"(?P<w{i}>{part}" for i, part in enumerate(parts[1:]))


def _quoted(before: str) -> bool:
    """Whether a place stands in quotation marks that were opened in its sentence before it."""
    return before.count('"') % 2 == 1 or before.count("“") > before.count("”")
