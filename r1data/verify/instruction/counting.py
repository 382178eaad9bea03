"""Words, sentences and paragraphs, counted as IFEval's public checker counts them, without its models.

    >>> n_sentences("Dr. Lee paid 3.50 dollars. Why? He was hungry...")
    3

A word is a run of letters, digits and underscores. A sentence ends where a word that ends in `.`, `!` or `?`
(closing quotation marks, brackets and asterisks aside) is followed by a blank or by nothing, unless the word
is an abbreviation or an initial that no usual first word follows, or a number or three dots before a small
letter; a line break ends none. The Chinese and Japanese signs end a sentence anywhere. So `1.` at the front
of a list is a sentence, as it is there.
"""

import re

WORD = re.compile(r"\w+")
CLOSING = "\"'”’»)]}*_`"
ENDS = ".!?。！？"
_ABBREVIATIONS = """
    mr mrs ms dr prof sr jr st mt vs etc inc ltd co corp dept est fig gen gov hon rep sen capt col lt sgt rev
    jan feb mar apr jun jul aug sep sept oct nov dec approx ave blvd no vol pp ed eds al cf ph.d"""
ABBREVIATIONS = frozenset(_ABBREVIATIONS.split())
"""Words that keep their period within a sentence, in small letters."""
_STARTERS = "The This That These He She It They We You I In On At If But And So When However A An"
STARTERS = frozenset(_STARTERS.split())
"""First words of sentences by which an abbreviation is seen to end one."""
DOTTED = re.compile(r"(?:[a-z]\.)*[a-z]", re.IGNORECASE)
"""Initials and abbreviations such as U.S, e.g and p.m, without their final period."""
CJK_END = re.compile(r"(?<=[。！？])(?![。！？”’」』）\s])")
PIECE = re.compile(r"--+|[^\s,;@#$%&?!\"“”()\[\]{}<>*|—…:-]+(?:[:-][^\s,;@#$%&?!\"“”()\[\]{}<>*|—…:-]+)*")
"""What stands between blanks and signs; a colon or a hyphen inside it stays."""
SHORT = re.compile(r"(?<=\w)(n['’]t|['’](?:s|m|d|ll|re|ve))\b", re.IGNORECASE)
"""The second word of a contraction."""


def n_words(text: str) -> int:
    """How many runs of letters, digits and underscores there are."""
    return len(WORD.findall(text))


def n_sentences(text: str) -> int:
    """How many sentences there are; text after the last end is one."""
    tokens = CJK_END.sub(" ", text).split()
    n, is_open = 0, False
    for token, following in zip(tokens, [*tokens[1:], ""], strict=False):
        is_open = is_open or any(char.isalnum() for char in token)
        if is_open and _ends(token, following):
            n, is_open = n + 1, False
    return n + is_open


def n_capital_words(text: str) -> int:
    """How many words are in capitals; hyphenated ones are one, contractions two, and `I` and `A` count."""
    words = (word for piece in PIECE.findall(text) for word in SHORT.sub(r" \1", piece).split())
    return sum(word.isupper() for word in words)


def paragraphs(text: str) -> list[str]:
    """What empty lines divide; a paragraph may be blank."""
    return text.split("\n\n")


def first_word(paragraph: str) -> str:
    """The first word in small letters, up to its first sign; empty without one."""
    word = next(iter(paragraph.split(None, 1)), "").lstrip("'").lstrip('"')
    return re.split(r"[.,?!'\"]", word, maxsplit=1)[0].lower()


def _ends(token: str, following: str) -> bool:
    """Whether a sentence ends with this token."""
    bare = token.rstrip(CLOSING)
    if not bare or bare[-1] not in ENDS:
        return False
    if bare[-1] != ".":
        return True
    word = bare.rstrip(".").lstrip("\"'“‘([{*_`").lower()
    following = following.lstrip("\"'“‘([{*_`")
    if bare.endswith("..") or word.replace(",", "").isdigit():
        return not following[:1].islower()
    kept = word in ABBREVIATIONS or DOTTED.fullmatch(word)
    return not kept or not following or following.rstrip(",") in STARTERS
