"""A rollout as HTML. Every text goes through `escaped`, so that it shows as it was written and never runs."""

from html import escape
from typing import Any

from r1data.app.desk import Standing
from r1data.curate.review_shown import Shown

_INERT = str.maketrans({"{": "&#123;", "}": "&#125;", "$": "&#36;", "`": "&#96;", "\\": "&#92;"})


def escaped(text: str | None) -> str:
    """A text that stays text in HTML, in Gradio's templates (`{{…}}`, `${…}`) and for whatever reads LaTeX.

    >>> escaped("<think>$x$</think>")
    '&lt;think&gt;&#36;x&#36;&lt;/think&gt;'
    """
    return escape(text or "").translate(_INERT)


def card(shown: Shown, *, thought: str = "", answer: str = "", more: str = "") -> str:
    """One rollout: prompt, folded thought, answer, reference, and what rules, judges and people said.

    Args:
        shown: the rollout.
        thought: HTML in the place of its thought.
        answer: HTML in the place of its answer.
        more: HTML of further sections.
    """
    roles = len(shown.messages) > 1
    prompt = "".join(
        (f"<h4>{escaped(message['role'])}</h4>" if roles else "") + _text(message["content"])
        for message in shown.messages
    )
    reference = shown.reference
    parts = [
        f'<p class="facts">{_facts(shown)}</p>',
        section("Prompt", prompt),
        _thought(shown.reasoning, thought),
        section(
            "Answer", answer or _text(shown.answer) if shown.answer else none("The rollout has no answer.")
        ),
        section(
            f"Reference <small>{escaped(reference['verifier'])}</small>" if reference else "Reference",
            _text(reference["reference"]) if reference else none("There is none: no rule decides here."),
        ),
        section("Verdicts", _verdicts(shown)),
        section("Selection", _selections(shown)) if shown.selections else "",
        more,
    ]
    return f'<article data-rollout="{escaped(shown.rollout_id)}">{"".join(parts)}</article>'


def notice(text: str, kind: str = "info") -> str:
    """A line that tells something: `info`, `done` or `error`."""
    return f'<p class="notice {kind}" role="status">{escaped(text)}</p>' if text else ""


def empty(title: str, text: str) -> str:
    """What stands in the place of a rollout when there is none."""
    return f'<article class="empty"><h3>{escaped(title)}</h3><p>{escaped(text)}</p></article>'


def standing(queue: str, doc: str, counted: Standing) -> str:
    """How much waits in a queue, and where in it the rollout is."""
    told = f"{counted.n_waiting:,} of {counted.n_rows:,} wait"
    if counted.place:
        told += f" · this is number {counted.place:,}"
    about = f'<span class="doc">· {escaped(doc)}</span>'
    return f"<p><b>{escaped(queue)}</b>: {escaped(told)} {about}</p>"


def section(title: str, content: str) -> str:
    """A part of an article; both are HTML."""
    return f"<section><h3>{title}</h3>{content}</section>"


def link(rollout_id: str) -> str:
    """Attributes of a link that opens a rollout in the tab Browse; page.js follows it within the page."""
    return f'href="?tab=browse&amp;rollout={escaped(rollout_id)}" data-rollout="{escaped(rollout_id)}"'


def none(text: str) -> str:
    """What stands where there is nothing."""
    return f'<p class="none">{escaped(text)}</p>'


def _facts(shown: Shown) -> str:
    facts = shown.facts
    tokens = facts.get("completion_tokens")
    told = [
        shown.night,
        facts.get("teacher"),
        facts.get("domain"),
        facts.get("source"),
        f"{tokens:,} tokens" if tokens is not None else None,
        f"ended by {facts.get('finish_reason')}",
    ]
    line = " · ".join(escaped(fact) for fact in told if fact)
    return f'{line} · <code class="id">{escaped(shown.rollout_id)}</code>'


def _thought(reasoning: str | None, marked: str) -> str:
    if not reasoning:
        return section("Thought", none("The rollout has no thought."))
    head = f"Thought <small>{len(reasoning):,} characters</small>"
    return f'<details class="thought"><summary>{head}</summary>{marked or _text(reasoning)}</details>'


def _verdicts(shown: Shown) -> str:
    rows = [
        _row(f"rule {row['verifier']}", row["verdict"], row["reason"], row["extracted"])
        for row in shown.verdicts
    ]
    for row in shown.judgements:
        words = [vote["word"] or "unreadable" for vote in row["votes"] or []]
        margin = "" if row["margin"] is None else f", margin {row['margin']:.2f}"
        votes = f"votes: {', '.join(words)}{margin}"
        rows.append(_row(f"judge {row['rubric']}", row["verdict"], row["reason"], votes))
        rows.append(_replies(row["votes"] or []))
    for row in shown.reviews:
        when = f"{row['reviewed_at']:%Y-%m-%d %H:%M} UTC"
        rows.append(_row(row["reviewer"], row["verdict"], when, row["note"]))
        if row["verdict"] == "edit":
            edit = _text(row["reasoning"]) + _text(row["answer"])
            rows.append(_folded("the edit", edit))
    if not rows:
        return none("Nobody has judged it.")
    return f'<div class="wide"><table>{"".join(rows)}</table></div>'


def _replies(votes: list[dict[str, Any]]) -> str:
    """What the judge wrote, word by word, folded."""
    written = [vote for vote in votes if vote["reply"]]
    texts = "".join(
        f"<h4>{'swapped' if vote['swapped'] else 'as it is'}</h4>{_text(vote['reply'])}" for vote in written
    )
    return _folded("raw replies", texts) if written else ""


def _folded(title: str, content: str) -> str:
    """A row below another one, closed until somebody opens it."""
    details = f"<details><summary>{title}</summary>{content}</details>"
    return f'<tr><td colspan="4">{details}</td></tr>'


def _row(who: str, verdict: str, reason: str, detail: str | None) -> str:
    short = detail if detail is None or len(detail) <= 300 else f"{detail[:300]} …"
    cells = f'<td><span class="word {escaped(verdict)}">{escaped(verdict)}</span></td>'
    return f"<tr><th>{escaped(who)}</th>{cells}<td>{escaped(reason)}</td><td>{escaped(short)}</td></tr>"


def _selections(shown: Shown) -> str:
    rows: list[dict[str, Any]] = shown.selections
    return "".join(
        f"<p>{escaped(row['recipe'])}: {'kept' if row['kept'] else 'dropped'}"
        + "".join(f' <span class="reason">{escaped(reason)}</span>' for reason in row["reasons"] or [])
        + (" · the judge has no vote" if row.get("judge_has_vote") is False else "")
        + "</p>"
        for row in rows
    )


def _text(text: str | None) -> str:
    return f'<div class="text" dir="auto">{escaped(text)}</div>'
