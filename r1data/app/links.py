"""Addresses of the page: which tab is meant, and what it is asked to show."""

from urllib.parse import parse_qs


def tab_of(search: str) -> str:
    """The tab that the query of an address means; that of review has always been one of `queue`s.

    >>> tab_of("?tab=sql&question=funnel"), tab_of("?queue=disputed"), tab_of("")
    ('sql', 'review', 'browse')
    """
    asked = _words(search)
    return asked.get("tab") or ("review" if "queue" in asked else "browse")


def asked_of(search: str, tab: str) -> dict[str, str] | None:
    """The words of an address that means this tab; None when it means another."""
    return _words(search) if tab_of(search) == tab else None


def _words(search: str) -> dict[str, str]:
    return {key: found[0] for key, found in parse_qs(search.lstrip("?")).items()}
