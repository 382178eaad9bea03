"""The language of an answer, by the model that identifies the sentences of traces."""

from r1data.curate.language.identify import DETECTOR, code_of, likeliest
from r1data.curate.language.mask import blanked

__all__ = ["DETECTOR", "is_in"]

MAX_CHARS = 20_000
"""As much of an answer as is looked at."""
SURE = 0.5
"""A model that is less sure of another language than this has not told it."""


def is_in(text: str, language: str) -> bool | None:
    """Whether a text is written in a language (ISO 639-1, regions are ignored); None when nothing tells."""
    prose = blanked(text[:MAX_CHARS])
    if not any(char.isalpha() for char in prose):
        return None
    found, probability = likeliest(prose)
    if found == code_of(language):
        return True
    return False if probability >= SURE else None
