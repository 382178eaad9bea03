r"""Answers in words, and multiple choice.

>>> worded("\\text{The ellipse.}"), number("seven"), letter("(B) 12")
('ellipse', 7, 'B')
"""

import re

from r1data.verify.math.exact import plain

TEXT = re.compile(r"\\text\s*\{([^{}]*)\}")
WORDS = re.compile(r"(?:[^\W\d_]|[ '.,!?-])+")
FILLER = re.compile(r"\b(?:the|is|are|it|on|an?(?=\W+\w{3}))\b|[^\w]+")
LETTER = re.compile(r"\(?\s*([A-Ja-j])\s*(?:\)|[.:](?=\s|$)|(?:选?项)?\s*$)")
LONE = re.compile(r"[ (]*[A-J][ ).:]*")
OPTION = re.compile(
    r"(?:(?:option|choice|answer)\s+|(?:选项?|答案)[:是]?\s*)(?=\(?[A-J](?![a-z]))", re.IGNORECASE
)
CLOCK = re.compile(
    r"(\d{1,2})(?:\s*:\s*(\d\d))?\s*(?:\\text\s*\{)?\s*(?:([ap])\.?\s*m\.?)?\s*\}?", re.IGNORECASE
)
DIGITS = re.compile(r"[-\d.,/\s]+")
NUMBER_WORDS = """
zero,none,零 one,一 two,二,两 three,三 four,四 five,五 six,六 seven,七 eight,八 nine,九 ten,十
eleven,十一 twelve,十二 thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty
"""
NUMBERS = {word: value for value, words in enumerate(NUMBER_WORDS.split()) for word in words.split(",")}
TENS = {
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
NUMBERS |= TENS | {"hundred": 100}
PARTS = ("half", "halves", "third", "fourth", "quarter", "fifth", "tenth", "hundred", "thousand", "million")
CHINESE_TENS = re.compile("([一二三四五六七八九])?十([一二三四五六七八九])?")
PROSE = re.compile(r"(?<![\\a-zA-Z])[^\W\d_]{3,}|\\text|[\u3400-\u9fff]")
SYMBOLIC_WORDS = "no none not empty all real every any infinite infinitely infinity undefined exist number"
SYMBOLIC = set(SYMBOLIC_WORDS.split())
SHORT_CHARS = 3
"""Words up to this length may be products of variables."""


def same(wanted: str, found: str) -> bool | None:
    """Whether two tidy answers are the same choice or words; None where they are neither."""
    if LONE.fullmatch(TEXT.sub(r"\1", wanted)):
        chosen = letter(found)
        return chosen == letter(wanted) if chosen else False if DIGITS.fullmatch(found) else None
    if LONE.fullmatch(TEXT.sub(r"\1", found)) and (meant := letter(wanted)):
        return meant == letter(found)
    hours = clock(wanted), clock(found)
    if hours[0] and hours[1] and (hours[0][1] or hours[1][1]):
        return _same_time(*hours)
    for text, other in ((wanted, found), (found, wanted)):
        if (named := NUMBERS.get(text, _chinese(text))) is not None and (value := plain(other)) is not None:
            return named == value
    words, said = worded(wanted), worded(found)
    if words and said:
        return _phrases(words, said, "\\text" in wanted + found)
    if said and (value := plain(wanted)) is not None:
        return _counts(said, number(found), value)
    if words and (value := plain(found)) is not None:
        return _counts(words, number(wanted), value)
    for phrase, text, other in ((words, wanted, found), (said, found, wanted)):
        if phrase and _is_prose(phrase, "\\text" in text) and not PROSE.search(other):
            return False
    return None


def _is_prose(phrase: str, marked: bool) -> bool:
    """Whether words can be no formula; `no solution` may be the empty set, and one letter a choice."""
    least = 1 if marked else SHORT_CHARS
    return any(len(word) > least for word in phrase.split()) and not SYMBOLIC & set(phrase.split())


def clock(text: str) -> tuple[int, str] | None:
    """Minutes since midnight or noon, and `a` or `p` where it is said, of a time of day; else None."""
    match = CLOCK.fullmatch(text)
    if not match or not (match[2] or match[3]):
        return None
    hour, half = int(match[1]), (match[3] or "").lower()
    if hour > 12 and not half:
        hour, half = hour - 12, "p"
    return hour % 12 * 60 + int(match[2] or 0), half


def _same_time(one: tuple[int, str], other: tuple[int, str]) -> bool:
    return one[0] == other[0] and (one[1] == other[1] or not one[1] or not other[1])


def prose(wanted: str, found: str) -> bool:
    """Whether both are words, which as products of letters would equal their anagrams."""
    both = worded(wanted), worded(found)
    return all(words is not None and any(len(word) > SHORT_CHARS for word in words.split()) for words in both)


def _phrases(words: str, said: str, marked: bool) -> bool | None:
    if words == said:
        return True
    if words in ("yes", "no", "true", "false"):
        return said.split(" ")[0] == words
    sure = marked or min(len(words), len(said)) > SHORT_CHARS
    return False if sure and not set(words.split()) & set(said.split()) else None


def _counts(words: str, named: int | None, value: object) -> bool | None:
    """Words beside a plain number: the number that they name; wrong when no word names any."""
    if named is not None:
        return named == value
    return False if len(words) > SHORT_CHARS and not set(re.split(r"\W", words)) & set(NUMBERS) else None


def worded(text: str) -> str | None:
    """The words of an answer in words, as they are compared; None when it is none."""
    inner = TEXT.sub(r"\1", text) if "\\" in text else text
    if not WORDS.fullmatch(inner) or (inner == text and len(re.sub(r"\W", "", inner)) < 2):
        return None
    inner = "does not exist" if inner == "DNE" else inner
    return " ".join(FILLER.sub(" ", inner.casefold()).split()) or None


def number(text: str) -> int | None:
    """The number that a word names, such as `seven` and `seven eggs`; None when it names none."""
    first, _, second = TEXT.sub(r"\1", text).strip().lower().replace("-", " ").partition(" ")
    if first in TENS and 0 < NUMBERS.get(second, 0) < 10:
        return TENS[first] + NUMBERS[second]
    return None if " " in second or second.startswith(PARTS) else NUMBERS.get(first)


def _chinese(text: str) -> int | None:
    """A number from 10 to 99 in Chinese characters, such as `二十三`."""
    match = CHINESE_TENS.fullmatch(text) if len(text) <= SHORT_CHARS else None
    return 10 * NUMBERS.get(match[1] or "一", 0) + NUMBERS.get(match[2] or "零", 0) if match else None


def letter(text: str) -> str | None:
    """The letter of a multiple choice that an answer begins with: `(B)`, `B) 12`, `Option B`; else None."""
    inner = OPTION.sub("", TEXT.sub(r"\1", text).strip(), count=1)
    match = LETTER.match(inner)
    return match[1].upper() if match else None
