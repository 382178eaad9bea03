"""Answer a chat request that has a budget: the answer of the attempt that was chosen, and what was spent."""

import time
from typing import Any

import orjson

from r1data.serve.attempt import Attempt
from r1data.serve.budget import Budget
from r1data.serve.exchange import Answer
from r1data.serve.serving import Serving
from r1data.serve.spend import Spending
from r1data.serve.thoughts import Splitter


async def chat(serving: Serving, body: dict[str, Any], budget: Budget, answer: Answer) -> None:
    """Spend a budget; a stream of one attempt comes as it is written, of several once one is chosen.

    Args:
        serving: the model.
        body: the request, its `budget` included.
        budget: the same, checked.
        answer: where the answer goes.
    """
    began = time.monotonic()
    asked = {key: value for key, value in body.items() if key not in ("budget", "stream", "stream_options")}
    opened = await serving.upstream.opens_thought(body)
    serving.admit()  # others may have come meanwhile
    spending = Spending(serving, asked, budget, opened=opened, began=began)
    if body.get("stream"):
        live = budget.attempts == 1 and budget.until is None
        return await _stream(serving, body, spending, answer, live=live, opened=opened)
    await spending.run(None)
    told = await _account(serving, spending)
    reasoning, content = spending.chosen.parts
    message = {"role": "assistant", "content": content, "reasoning": reasoning}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _reason(spending.chosen)}
    found = spending.chosen.head | {
        "object": "chat.completion",
        "choices": [choice],
        "usage": _usage(spending, told),
        "r1data": told,
    }
    await answer.whole(200, orjson.dumps(found))


async def _stream(
    serving: Serving,
    body: dict[str, Any],
    spending: Spending,
    answer: Answer,
    *,
    live: bool,
    opened: bool,
) -> None:
    splitter = Splitter(opened=opened)

    async def write(text: str) -> None:
        first = not answer.status
        delta = _delta(splitter.feed(text), first=first)
        if delta:
            await answer.events(_chunk(spending.first, delta))

    await spending.run(write if live else None)
    told = await _account(serving, spending)
    reasoning, content = splitter.finish() if live else spending.chosen.parts
    rest = _delta((reasoning, content), first=not answer.status)
    await answer.events(
        _chunk(spending.chosen, rest, _reason(spending.chosen), r1data=told),
        *(
            [orjson.dumps(_frame(spending.chosen) | {"choices": [], "usage": _usage(spending, told)})]
            if (body.get("stream_options") or {}).get("include_usage")
            else []
        ),
    )
    await answer.end()


async def _account(serving: Serving, spending: Spending) -> dict[str, Any]:
    told = await spending.told()
    serving.account(spending.chosen.head["id"], told, spending.caps)
    return told


def _delta(parts: tuple[str | None, str | None], *, first: bool) -> dict[str, str]:
    found = {key: part for key, part in zip(("reasoning", "content"), parts, strict=True) if part}
    return {"role": "assistant"} | found if first else found


def _frame(attempt: Attempt) -> dict[str, Any]:
    return attempt.head | {"object": "chat.completion.chunk"}


def _chunk(attempt: Attempt, delta: dict[str, str], reason: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    return orjson.dumps(_frame(attempt) | {"choices": [choice]} | more)


def _reason(attempt: Attempt) -> str:
    """Why it ended; what a deadline broke off counts as cut."""
    return attempt.finish_reason or "length"


def _usage(spending: Spending, told: dict[str, Any]) -> dict[str, Any]:
    return spending.usage | {"completion_tokens_details": {"reasoning_tokens": told["thought_tokens"]}}
