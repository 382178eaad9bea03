"""What Browse found as HTML: the list of one page, and how many rollouts there are."""

from typing import Any

from r1data.app.find import PAGE_ROWS, Page
from r1data.app.markup import empty, escaped, link


def found_list(page: Page, current: str | None) -> str:
    """Rollouts one below the other; `current` is the one that is open."""
    if not page.rows:
        return empty("No rollout is like that", "Take a filter away, or choose another night.")
    items = "".join(_item(row, row["rollout_id"] == current) for row in page.rows)
    return f'<nav class="found" aria-label="Rollouts">{items}</nav>'


def found_count(page: Page) -> str:
    """Which rows of how many a page shows."""
    if not page.rows:
        return ""
    first = (page.number - 1) * PAGE_ROWS + 1
    told = f"{first:,}–{first + len(page.rows) - 1:,} of {page.n_rows:,}"
    return f"<p>{told}</p>"


def _item(row: dict[str, Any], current: bool) -> str:
    word = escaped(row["verdict"] or "open")
    tokens = row.get("completion_tokens")
    reasons = row["reasons"] or []
    told = [
        row["domain"],
        row["source"],
        row["teacher"],
        f"{tokens:,} tokens" if tokens is not None else None,
    ]
    line = " · ".join(escaped(fact) for fact in told if fact)
    why = "".join(f' <span class="reason">{escaped(reason)}</span>' for reason in reasons[:2])
    why += f" and {len(reasons) - 2} more" if len(reasons) > 2 else ""
    here = " aria-current=true" if current else ""
    return (
        f'<a {link(row["rollout_id"])}{here}>'
        f'<span class="prompt" dir="auto">{escaped(row.get("prompt") or "…")}</span>'
        f'<span class="line"><span class="word {word}">{word}</span> {escaped(row["state"])}{why}</span>'
        f'<span class="line">{line}</span></a>'
    )
