"""How sure a judge is: from the log-probabilities at the token where a word begins."""

import math
from collections.abc import Mapping, Sequence

Tokens = Sequence[tuple[str, Mapping[str, float]]]

_BEFORE = " \t\r\n\"'`*_([{:▁Ġ"
"""What a token may hold in front of the word's first letter."""


def margin(words: Sequence[str], tokens: Tokens, said: str, start: int, top: int) -> float | None:
    """Difference of the probabilities of the two likeliest words, of all words' together; 0 to 1.

    A word that is not among the likeliest tokens was less likely than all of those: it is counted as if it
    were as likely as the least of them, unless the list is shorter than was asked for (structured decoding
    leaves only tokens that are allowed).

    Args:
        words: what could have been written; their first letters differ.
        tokens: text of each token, and the log-probabilities of the likeliest there.
        said: the text that the tokens end with, apart from a token that ends the reply.
        start: where in `said` the word begins.
        top: how many of the likeliest tokens were asked for.

    Returns:
        None when the tokens do not hold the text.
    """
    at = "".join(text for text, _ in tokens).rfind(said) if said else -1
    if at < 0:
        return None
    at += start
    for text, likeliest in tokens:
        if at < len(text):
            return _difference(words, likeliest, top)
        at -= len(text)
    return None


def _difference(words: Sequence[str], likeliest: Mapping[str, float], top: int) -> float | None:
    if not likeliest:
        return None
    rest = math.exp(min(likeliest.values())) if len(likeliest) >= top else 0.0
    mass = dict.fromkeys(words, 0.0)
    for token, logprob in likeliest.items():
        if begun := _begun(token, words):
            mass[begun] += math.exp(logprob)
    if not any(mass.values()):
        return None
    first, second, *_ = sorted((found or rest for found in mass.values()), reverse=True)
    return (first - second) / sum(found or rest for found in mass.values())


def _begun(token: str, words: Sequence[str]) -> str | None:
    """The one word that a token begins."""
    text = token.lstrip(_BEFORE).rstrip().casefold()
    if not text:
        return None
    found = [word for word in words if _agree(text, word.casefold())]
    return found[0] if len(found) == 1 else None


def _agree(text: str, word: str) -> bool:
    return word.startswith(text) or (text.startswith(word) and not text[len(word)].isalnum())
