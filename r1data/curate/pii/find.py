"""Where in a text personal data and secrets are: gate, kinds in their order, masks."""

from bisect import bisect, insort
from collections.abc import Callable, Iterator

from r1data.curate.pii import keys, numbers, people

Span = tuple[int, int]

FINDERS: dict[str, Callable[[str], Iterator[Span]]] = {
    "key": keys.keys,
    "email": people.emails,
    "iban": numbers.ibans,
    "card": numbers.cards,
    "phone": people.phones,
    "ip": numbers.addresses,
}
"""Kinds of marks; where two overlap, the earlier one counts."""
GATE = "|".join(
    (
        keys.GATE,
        people.GATE,
        numbers.GATE,
    )
)
"""What every text with a mark matches, in Rust's syntax; it looks at bytes once."""
SHOWN = 2
"""Characters at either end that a mask leaves."""


def spans(text: str) -> list[tuple[int, int, str]]:
    """First and last place (the last one excluded) and kind of every mark, in order; none overlap."""
    found: list[tuple[int, int, str]] = []
    for kind, find in FINDERS.items():
        for start, end in find(text):
            after = bisect(found, (start, end))
            free = after == 0 or found[after - 1][1] <= start
            if free and (after == len(found) or end <= found[after][0]):
                insort(found, (start, end, kind))
    return found


def masked(text: str) -> str:
    """A text without its middle: what is left, a quarter of it at most, tells one secret from another.

    >>> masked("jo.public@somewhere.net")
    'jo…et'
    """
    shown = min(SHOWN, len(text) // 8)
    return f"{text[:shown]}…{text[len(text) - shown :]}"
