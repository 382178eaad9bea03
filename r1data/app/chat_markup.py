"""A conversation as HTML. Every text goes through `escaped`; a long one is cut, and shown whole on demand."""

import re
import time

from r1data.app.chat_talk import SIDES, Reply, Side, Talk, Turn
from r1data.app.markup import empty, escaped, notice
from r1data.generate.engines.refused import one_line

TAIL_CHARS = 2_000
"""Of a thought or an answer that is being written, its end is shown."""
CUT_CHARS = 20_000
"""A longer text that is finished is cut until somebody asks for all of it."""
# Of a whole text, which the browser lays out where it is looked at; lines stay together if they can.
_PIECE = re.compile(r"(?s).{1,4000}(?:\n|$)|.{1,4000}")
_ENDS = {"length": "hit its cap", "stop": "ended by itself"}


def past(talk: Talk) -> str:
    """All turns but the last."""
    return "".join(_turn(turn, at) for at, turn in enumerate(talk.turns[:-1]))


def live(talk: Talk) -> str:
    """The last turn."""
    if not talk.turns:
        return empty(
            "Ask both at once", "A message goes to both models. Thoughts are folded; a thumb is kept."
        )
    return _turn(talk.turns[-1], len(talk.turns) - 1)


def _turn(turn: Turn, at: int) -> str:
    replies = "".join(_reply(turn.replies[side], at, side) for side in SIDES)
    said = f'<div class="asked" dir="auto">{escaped(turn.message)}</div>'
    return f'<section class="turn">{said}<div class="pair">{replies}</div></section>'


def _reply(reply: Reply, at: int, side: Side) -> str:
    key = f"{at} {side}"
    parts = [f"<h4>{escaped(reply.word)} <small>{escaped(reply.note)}</small></h4>"]
    if reply.waiting and not reply.done:
        parts.append(notice(f"{reply.waiting} {time.monotonic() - reply.began:.0f} s"))
    if reply.stream:
        parts += _texts(reply, key)
    if reply.error:
        parts.append(notice(reply.error, "error"))
    if reply.stopped:
        parts.append(notice("Stopped."))
    if reply.may_be_thumbed:
        parts.append(_thumbs(reply, key))
    elif reply.ended:
        parts.append(
            notice(
                f"No thumbs: the server ended this by “{one_line(reply.ended)}”, and only what it ends by "
                "“stop” or “length” can be stored."
            )
        )
    return f'<article data-side="{side}" aria-busy="{str(not reply.done).lower()}">{"".join(parts)}</article>'


def _texts(reply: Reply, key: str) -> list[str]:
    stream = reply.stream
    assert stream is not None
    told, parts = stream.told(), []
    if told.reasoning is not None:
        parts.append(_thought(told.reasoning, told.thought.end is not None, reply, key))
    if told.answer:
        parts.append(f'<div class="answer">{_cut(told.answer, reply, key)}</div>')
    elif reply.done and stream.n_chars == 0 and not reply.error and not reply.stopped:
        parts.append(notice("The model wrote nothing."))
    elif not reply.done and not told.reasoning and not reply.waiting:
        parts.append(notice(f"Asked, nothing yet. {time.monotonic() - stream.began:.0f} s"))
    if stream.n_chars or not reply.done:
        parts.append(f'<p class="facts">{escaped(_facts(reply))}</p>')
    return parts


def _thought(text: str, closed: bool, reply: Reply, key: str) -> str:
    told = f"{len(text):,} characters"
    if not closed:
        told += " · never closed" if reply.done else " · thinking"
    why = ""
    if reply.done and not closed and not reply.error and not reply.stopped:
        capped = reply.stream is not None and reply.stream.finish_reason == "length"
        cap = (
            f"the cap of {reply.stream.request.max_tokens:,} tokens" if capped and reply.stream else "its end"
        )
        why = notice(
            f"The thought was never closed: the model came to {cap} inside it, so there is no answer."
        )
    summary = f"<summary>Thought <small>{told}</small></summary>"
    inside = f'<div class="inside">{_cut(text, reply, key)}</div>'
    return f'<details class="thought" data-key="{key}">{summary}{inside}</details>{why}'


def _cut(text: str, reply: Reply, key: str) -> str:
    """A text, or as much of it as a page takes without stutter."""
    if not reply.done:
        shown = text if len(text) <= TAIL_CHARS else f"… {text[-TAIL_CHARS:]}"
        return f'<div class="text" dir="auto">{escaped(shown)}</div>'
    if len(text) <= CUT_CHARS:
        return f'<div class="text" dir="auto">{escaped(text)}</div>'
    if reply.whole:
        pieces = _PIECE.findall(text)
        return "".join(f'<div class="text piece" dir="auto">{escaped(piece)}</div>' for piece in pieces)
    half = CUT_CHARS // 2
    left_out = len(text) - 2 * half
    told = f"{left_out:,} characters are left out: show all {len(text):,}"
    button = f'<button class="whole" data-act="whole {key}">{told}</button>'
    head, tail = (
        f'<div class="text" dir="auto">{escaped(part)}</div>' for part in (text[:half], text[-half:])
    )
    return f"{head}{button}{tail}"


def _facts(reply: Reply) -> str:
    stream = reply.stream
    assert stream is not None
    if not reply.done:
        return f"{stream.n_chars:,} characters · {time.monotonic() - stream.began:.0f} s"
    tokens, of_thought = stream.usage.get("completion_tokens"), stream.thought_tokens()
    reason = stream.finish_reason
    facts = [
        f"{tokens:,} tokens" if isinstance(tokens, int) else "tokens not counted",
        f"{'' if of_thought[1] else '≈ '}{of_thought[0]:,} of thought" if of_thought else "",
        f"{stream.elapsed_s:.1f} s",
        f"{reason}: {_ENDS[reason]}" if reason in _ENDS else reason or "",
    ]
    if reply.asked and reply.asked.request.max_tokens != stream.request.max_tokens:
        facts.append(f"clipped to the context: at most {stream.request.max_tokens:,} tokens")
    return " · ".join(filter(None, facts))


def _thumbs(reply: Reply, key: str) -> str:
    words = {"up": "Thumb up", "down": "Thumb down"}
    buttons = "".join(
        f'<button class="thumb {way}" data-act="{way} {key}" '
        f'aria-pressed="{str(reply.thumb == way).lower()}">{word}</button>'
        for way, word in words.items()
    )
    rollout = reply.asked.request.rollout_id if reply.asked and reply.thumb else ""
    stored = f' <small>stored as <code class="id">{escaped(rollout)}</code></small>' if rollout else ""
    return f'<p class="thumbs">{buttons}{stored}</p>'
