"""A trace as HTML: its text with highlights, other attempts and twins, and why it was kept or dropped."""

import re
from collections import Counter, deque
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from rapidfuzz.distance import Indel

from r1data.app.markup import card, escaped, link, none, section
from r1data.app.trace import MOST_REPEATS, Mark, Trace
from r1data.curate.review_shown import Rows

KINDS = {
    "foreign": "another language",
    "repetition": "repeated",
    "tag": "tags out of place",
    "pii": "personal data",
    "benchmark": "in a benchmark",
}
"""What is highlighted, in words."""
_MOST_CELLS = 250_000_000
"""Words of one text times words of the other: what comparing them holds in bits."""
_WORD = re.compile(r"\S+\s*|\s+")


def trace_card(trace: Trace) -> str:
    """A rollout with all that is known of it."""
    rollout, end = trace.rollout, len(trace.rollout["completion"])
    start, answer_start = rollout["thought_start"], rollout["answer_start"]
    thought_end = rollout["thought_end"] if rollout["thought_end"] is not None else end
    thought = "" if start is None else marked(trace, start, thought_end)
    answer = "" if answer_start is None else marked(trace, answer_start, end)
    review = urlencode({"tab": "review", "rollout": trace.shown.rollout_id})
    more = [
        section("Attempts at this prompt", _siblings(trace)),
        _twins(trace),
        section("Why", _story(trace.story)),
    ]
    legend = _legend(trace.marks)
    head = f'<p class="links">{legend}<a href="?{review}" target="r1data_review">Review it</a></p>'
    return head + card(trace.shown, thought=thought, answer=answer, more="".join(more))


def marked(trace: Trace, start: int, end: int) -> str:
    """A part of the completion, trimmed and highlighted; where marks overlap, each part says all."""
    text = trace.rollout["completion"]
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    inside = [mark for mark in trace.marks if mark.start < end and mark.end > start]
    edges = {edge for mark in inside for edge in (mark.start, mark.end) if start < edge < end}
    parts: list[str] = []
    open_: list[Mark] = []
    waiting = deque(inside)
    for left, right in pairwise(sorted({start, end, *edges})):
        open_ = [mark for mark in open_ if mark.end > left]
        while waiting and waiting[0].start <= left:
            mark = waiting.popleft()
            open_ += [mark] if mark.end > left else []
        parts.append(_part(text[left:right], open_))
    return f'<div class="text" dir="auto">{"".join(parts)}</div>'


def compared(one: str, other: str) -> tuple[str, str] | None:
    """Two texts as HTML, each with the words highlighted that the other lacks; None if they are too long."""
    words = _WORD.findall(one), _WORD.findall(other)
    if len(words[0]) * len(words[1]) > _MOST_CELLS:
        return None
    parts: tuple[list[str], list[str]] = [], []
    for kind, a, b, c, d in Indel.opcodes(*([word.rstrip() for word in side] for side in words)):
        for side, (begin, stop) in enumerate(((a, b), (c, d))):
            text = escaped("".join(words[side][begin:stop]))
            if text:
                parts[side].append(text if kind == "equal" else f'<mark class="own">{text}</mark>')
    return "".join(parts[0]), "".join(parts[1])


def _part(text: str, marks: list[Mark]) -> str:
    if not marks:
        return escaped(text)
    told = "; ".join(dict.fromkeys(f"{KINDS[mark.kind]}: {mark.detail}" for mark in marks))
    kinds = " ".join(dict.fromkeys(mark.kind for mark in marks))
    return f'<mark class="{kinds}" title="{escaped(told)}">{escaped(text)}</mark>'


def _legend(marks: list[Mark]) -> str:
    counts = Counter(mark.kind for mark in marks)
    told = {
        kind: f"{n:,}{' or more' if n >= MOST_REPEATS else ''} {KINDS[kind]}" for kind, n in counts.items()
    }
    return "".join(
        f'<a href="#" class="legend" data-jump="{kind}"><mark class="{kind}">{told[kind]}</mark></a>'
        for kind in KINDS
        if kind in told
    )


def _siblings(trace: Trace) -> str:
    decided = sorted(trace.siblings, key=lambda row: not row["accepted"])
    attempts = {
        row["rollout_id"]: row for row in reversed(decided)
    }  # of several recipes, one that accepted it
    teachers: dict[str, list[str]] = {}
    for rollout_id in dict.fromkeys(row["rollout_id"] for row in trace.siblings):
        row = attempts[rollout_id]
        chip = _chip(row, str(row["index"]), current=rollout_id == trace.shown.rollout_id)
        teachers.setdefault(row["teacher"] or "", []).append(chip)
    return "".join(
        f'<p class="siblings"><span>{escaped(teacher)}</span> {" ".join(chips)}</p>'
        for teacher, chips in teachers.items()
    )


def _chip(row: dict[str, Any], name: str, *, current: bool = False) -> str:
    """A link to another rollout, that says what became of it."""
    state = {True: "accepted", False: "rejected", None: "open"}[row["accepted"]]
    tokens = row.get("completion_tokens")
    told = [
        row["verdict"],
        f"{tokens:,} tokens" if tokens is not None else None,
        f"ended by {row['finish_reason']}" if row.get("finish_reason") else None,
        state,
        *(row.get("reasons") or []),
    ]
    title = escaped(" · ".join(filter(None, told)))
    word = escaped(row["verdict"] or "no verdict")
    kind = f"chip {state}{' current' if current else ''}"
    return (
        f'<a class="{kind}" title="{title}" {link(row["rollout_id"])}>'
        f'{escaped(name)} <span class="word {word}">{word}</span></a>'
    )


def _twins(trace: Trace) -> str:
    if not trace.twins:
        return ""
    return section(
        f"Twins <small>{len(trace.twins):,}</small>", "".join(_twin(trace, row) for row in trace.twins)
    )


def _twin(trace: Trace, row: dict[str, Any]) -> str:
    """A near-duplicate; side by side with this one, where its text was read."""
    head = f"{row['jaccard']:.1%} of the shingles alike"
    chip = _chip(row, row["rollout_id"][:8])
    if "completion" not in row:
        return f"<p>{chip} {head}</p>"
    one, other = trace.rollout["completion"], row["completion"]
    sides = compared(one, other)
    told = "" if sides else none("They are too long to be compared word by word.")
    texts = "".join(
        f'<div class="text" dir="auto">{side}</div>' for side in sides or (escaped(one), escaped(other))
    )
    heads = "<h4>this one</h4><h4>its twin</h4>"
    return (
        f'<details class="twin"><summary>{head}</summary><p>{chip}</p>{told}'
        f'<div class="sides">{heads}{texts}</div></details>'
    )


def _story(story: Rows) -> str:
    steps = [row for row in story if row["step"] not in ("prompt", "completion")]
    return f'<ol class="why">{"".join(map(_step, steps))}</ol>'


def _step(row: dict[str, Any]) -> str:
    finding = f"<b>{escaped(row['finding'])}</b> " if row["finding"] else ""
    return f"<li><h4>{escaped(row['step'])}</h4><p>{finding}{escaped(_short(row['detail']))}</p></li>"


def _short(text: str | None) -> str:
    return text if text is None or len(text) <= 500 else f"{text[:500]} …"
