"""Other formats of the same text, as training sets have them: what decontamination must see through.

Each takes the text of an item and gives it in another form, or the same text when it has nothing to change.
"""

import re
import textwrap
from collections.abc import Callable

from r1data.curate.decontaminate.words import TEENS, TENS_WORDS
from r1data.curate.decontaminate.words import UNITS as UNIT_WORDS

UNITS = (*UNIT_WORDS.split(), *TEENS.split())
TENS = ("", "", *TENS_WORDS.split())
FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
PLAIN = (
    (re.compile(r"\\(?:text|textbf|mathrm|mathbf|mbox)\s*\{([^{}]*)\}"), r"\1"),
    (re.compile(r"\\(?:left|right|,|;|!|quad)(?![a-zA-Z])"), ""),
    (re.compile(r"\\sqrt\{([^{}]*)\}"), r"sqrt(\1)"),
    (re.compile(r"\\(?:cdot|times)(?![a-zA-Z])"), "*"),
    (re.compile(r"\\leq?(?![a-zA-Z])"), "<="),
    (re.compile(r"\\geq?(?![a-zA-Z])"), ">="),
    (re.compile(r"\\[lc]?dots(?![a-zA-Z])"), "..."),
    (re.compile(r"\\pi(?![a-zA-Z])"), "π"),
    (re.compile(r"\^\{?\\circ\}?"), "°"),
    (re.compile(r"\\(?:begin|end)\{[^{}]*\}"), ""),
    (re.compile(r"\\[\[\]()]|\\\\|[$&]"), " "),
    (re.compile(r"\\([a-zA-Z]+)"), r"\1"),
    (re.compile(r"\\(.)"), r"\1"),
)
INTEGER = re.compile(r"(?<![\w.,\\^{/-])\d{1,3}(?![\w.,}/%^])")
LARGE = re.compile(r"(?<![\w.,\\^{}])\d{4,15}(?![\w.,}])")
SENTENCE = re.compile(r"(?<=[.?!])\s+")


def plain(text: str) -> str:
    """LaTeX as plain text: `\\frac{1}{2}` as `(1)/(2)`, no dollar signs."""
    for _ in range(3):  # fractions within fractions
        text = FRACTION.sub(r"(\1)/(\2)", text)
    for pattern, put in PLAIN:
        text = pattern.sub(put, text)
    return text


def wrapped(text: str) -> str:
    """Lines of 40 characters."""
    return "\n".join(textwrap.wrap(text, 40, break_long_words=False, break_on_hyphens=False))


def markdown(text: str) -> str:
    """A heading, one item of a list per sentence, the last one bold."""
    *given, asked = SENTENCE.split(text)
    return "\n".join(["### Problem", *(f"- {sentence}" for sentence in given), "", f"**{asked}**"])


def spelled(text: str) -> str:
    """Whole numbers below 1000 in words."""
    return INTEGER.sub(lambda number: in_words(int(number[0])), text)


def thousands(text: str) -> str:
    """Whole numbers from 1000 with separators."""
    return LARGE.sub(lambda number: f"{int(number[0]):,}", text)


def instructed(text: str) -> str:
    """Instructions before and after."""
    return (
        "Solve the following problem. Think step by step and check your work.\n\n"
        f"Question: {text}\n\nPut the final answer within \\boxed{{}}, and write nothing after it."
    )


def with_choices(text: str) -> str:
    """Choices and an answer after it."""
    return f"{text}\n(A) 12\n(B) 15\n(C) 18\n(D) 24\nAnswer: (C) 18"


def inside(text: str) -> str:
    """In the middle of a longer text."""
    before = "The weather had been kind to the valley, and nobody expected the river to rise again. " * 4
    after = " Outside, the lanterns were lit, and the musicians began to tune their instruments. " * 4
    return f"{before}\n{text}\n{after}"


def in_words(number: int) -> str:
    """A whole number below 1000 in English.

    >>> in_words(245)
    'two hundred and forty-five'
    """
    if number < 20:
        return UNITS[number]
    if number < 100:
        return TENS[number // 10] + (f"-{UNITS[number % 10]}" if number % 10 else "")
    rest = f" and {in_words(number % 100)}" if number % 100 else ""
    return f"{UNITS[number // 100]} hundred{rest}"


FORMATS: dict[str, Callable[[str], str]] = {
    "plain": plain, "wrapped": wrapped, "markdown": markdown, "spelled": spelled, "thousands": thousands,
    "instructed": instructed, "with_choices": with_choices, "upper": str.upper,
}  # fmt: skip
