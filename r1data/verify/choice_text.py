"""Letters of options in short texts, and options by their text."""

import re
import unicodedata
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Any, Self

from r1data.verify.answer import WRAPPING

TEX = re.compile(r"\\(?:text|textbf|mathrm|mathbf|mathit|boxed|mbox|textrm)\s*\{|\\[()\[\],;!]|[{}$]")
BLANKS = re.compile(r"[^\S\n]+")
MARKS = WRAPPING + ".:;,)(（）[]"
LETTER = r"\(?[A-Za-z]\)?"
SEVERAL = re.compile(
    rf"(?:(?:options?|choices?|both)\s|选项?)?{LETTER}"
    rf"(?:\s?(?:,\s?and|,|;|/|&|、|和|及|\band\b|\bor\b|\s)\s?{LETTER}(?![A-Za-z0-9_À-ɏ'’]))*",
    re.IGNORECASE,
)
HEAD = re.compile(
    r"\W{0,8}(?:(?:option|choice)\s+|选项?)?\W{0,4}([A-Za-z])\s?(?:[).:\]、*]|-\s|$)", re.IGNORECASE
)
"""A line that begins with a letter and a sign, as in "(B) 0.8" and "B. text"."""
LEADING = re.compile(r"\W{0,8}(?:(?:option|choice)\s+|选项?)?\W{0,4}([A-Za-z])(?![A-Za-z0-9_À-ɏ'’])")
IN_BRACKETS = re.compile(r"\(([A-Z])\)")
ALONE = re.compile(
    r"(?:^|[.!?:=→>，。：]|\b(?:is|be|was|option|choice|[Tt]hus|[Hh]ence|[Ss]o|[Tt]herefore|[Ff]inally),?)"
    r"[\s*_\"'“‘]{0,4}([B-HJ-Z]|A(?!\s+[a-z]))(?![A-Za-z0-9_À-ɏ'’])"
    r"|(?<![\w'’])([A-HJ-Z])[\s.*_\"'”’。!)]{0,6}$",
    re.ASCII,
)
"""A capital that begins or ends a line or sentence, or follows such a word; no article, no pronoun."""
NEGATED = re.compile(r"(?:\bnot|n['’]t(?:\s+be)?|不是|不选)\s*(?:option\s*)?\(?[A-Z]\)?(?![A-Za-z0-9_À-ɏ'’])")
MAX_CHARS = 2_000
"""A line longer than this is read at its end."""


def plain(text: str) -> str:
    r"""A text with ordinary signs in place of full-width ones, and without LaTeX such as `\text{…}`."""
    text = TEX.sub(" ", unicodedata.normalize("NFKC", text)).replace("**", "")
    return BLANKS.sub(" ", text).strip()


def _key(text: str) -> str:
    return " ".join(plain(text).strip(MARKS).casefold().split())


@dataclass(frozen=True)
class Options:
    """The options of a question."""

    texts: dict[str, str] = field(default_factory=dict)
    """Letter of each text; the texts are folded."""
    allowed: str = ascii_uppercase
    """Letters that there are."""

    @classmethod
    def read(cls, given: Any) -> Self | None:
        """Options as a list, by letter, or not given at all; None when they are anything else."""
        if given is None:
            return cls()
        if isinstance(given, list) and len(given) <= len(ascii_uppercase):
            given = dict(zip(ascii_uppercase, given, strict=False))
        if not isinstance(given, dict) or not all(isinstance(text, str) for text in given.values()):
            return None
        letters = "".join(given)
        if not given or not re.fullmatch("[A-Z]+", letters) or len(letters) != len(given):
            return None
        return cls({_key(text): letter for letter, text in given.items() if _key(text)}, letters)

    def letters(self, text: str) -> frozenset[str] | None:
        """The letters that a whole text names: "B", "(b)", "A and C", "B. text", or an option's text."""
        bare = text.strip().rstrip(WRAPPING + ".").lstrip(WRAPPING)
        if letter := self.texts.get(_key(bare)):
            return frozenset(letter)
        if SEVERAL.fullmatch(bare):
            bare = re.sub(r"^(?:options?|choices?|both)\b|\b(?:and|or)\b", " ", bare, flags=re.IGNORECASE)
            return self._known(re.findall("[A-Za-z]", bare))
        if re.fullmatch("[A-Z]{2,8}", bare) and len(set(bare)) == len(bare):
            return self._known(list(bare))
        return self.front(bare)

    def front(self, text: str) -> frozenset[str] | None:
        """The letters, or the option, with which a text begins."""
        line = text.strip().lstrip(WRAPPING + ":").partition("\n")[0]
        if letter := self.texts.get(_key(line)):
            return frozenset(letter)
        head, several = HEAD.match(line), SEVERAL.match(line)
        if several and len(found := re.findall(r"(?<![A-Za-z])[A-Z](?![A-Za-z])", several[0])) > 1:
            return self._known(found)
        if head or (leading := LEADING.match(line)) is None:
            return self._known([head[1]]) if head else self._text_in(line)
        if leading[1].isupper() and not re.match(r"\s+[a-z]", line[leading.end() :]):
            return self._known([leading[1]])
        if leading[1] in "BCDEFGH":  # "B is right": a capital that is neither article nor pronoun
            return self._known([leading[1]])
        return self._text_in(line)

    def head(self, line: str) -> frozenset[str] | None:
        """The letter with which a line begins, if a sign follows it."""
        head = HEAD.match(line)
        return self._known([head[1]]) if head else None

    def last(self, lines: list[str]) -> set[frozenset[str]]:
        """What the last line that names an option names: letters in brackets, texts, other letters."""
        for line in reversed(lines):
            line = NEGATED.sub(" ", line[-MAX_CHARS:])
            if found := self._each(IN_BRACKETS.findall(line)):
                return found
            if text := self._text_in(line):
                return {text}
            if found := self._each([match[1] or match[2] for match in ALONE.finditer(line)]):
                return found
        return set()

    def _each(self, letters: list[str]) -> set[frozenset[str]]:
        return {one for letter in letters if (one := self._known([letter]))}

    def _known(self, letters: list[str]) -> frozenset[str] | None:
        """The letters in capitals; None if one of them is no option."""
        found = frozenset(letter.upper() for letter in letters)
        return found if found and found <= set(self.allowed) else None

    def _text_in(self, line: str) -> frozenset[str] | None:
        """The options whose texts stand in a line; of texts that hold one another, the longest."""
        folded, found = _key(line), set[str]()
        for text in sorted(self.texts, key=len, reverse=True):
            pattern = rf"(?<!\w){re.escape(text)}(?!\w)"
            if re.search(pattern, folded):
                found.add(self.texts[text])
                folded = re.sub(pattern, " | ", folded)
        return frozenset(found) or None
