"""Addresses of the page: which tab is meant, and what it is asked to show."""

from urllib.parse import parse_qs

NAMES = ("browse", "review", "chat", "sql")
"""Tabs as addresses name them; page.js has the same words."""


def tab_of(search: str) -> str:
    """The tab that the query of an address means; only Review has a `queue`.

    >>> tab_of("?tab=sql&question=why"), tab_of("?queue=disputed"), tab_of("?tab=what")
    ('sql', 'review', 'browse')
    """
    asked = _words(search)
    named = asked.get("tab", "review" if "queue" in asked else "browse")
    return named if named in NAMES else "browse"


def asked_of(search: str, tab: str) -> dict[str, str] | None:
    """The words of an address that means this tab; None when it means another."""
    return _words(search) if tab_of(search) == tab else None


def _words(search: str) -> dict[str, str]:
    return {key: found[0] for key, found in parse_qs(search.lstrip("?")).items()}
