"""Requests without a budget pass through as they are; only thoughts are told apart, and tokens counted."""

import time
from typing import Any

import orjson

from r1data.serve.exchange import Answer
from r1data.serve.refusal import Refusal
from r1data.serve.serving import Serving
from r1data.serve.thoughts import Splitter, split
from r1data.serve.upstream import CHAT, COMPLETIONS, DONE, UPSTREAM_ERROR, check, events

RAW = {"skip_special_tokens": False, "spaces_between_special_tokens": False}
"""Tags may be special tokens; nights and evaluations read them in the same way."""
_STRUCTURE = ("response_format", "structured_outputs")


class Chunks:
    """The chunks of one stream of chat, with thoughts apart and what was spent in the last one."""

    def __init__(self, *, opened: bool | None) -> None:
        """Begin; `opened` as `_opened` says."""
        self._opened = opened
        self._splitters: dict[int, Splitter] = {}
        self._last: dict[str, Any] | None = None
        self.usage: dict[str, Any] = {}
        self.caps: list[str] = []
        self.usage_chunk: dict[str, Any] | None = None
        """The chunk that holds nothing but usage."""

    @property
    def thoughts(self) -> list[str]:
        """What was thought, by choice."""
        return ["".join(splitter.reasoning) for splitter in self._splitters.values()]

    def take(self, event: bytes) -> bytes | None:
        """What to send for an event; the chunk that ends the stream is kept for `last`.

        Raises:
            Refusal: the server reports an error.
        """
        chunk = orjson.loads(event)
        if "error" in chunk:
            error = chunk["error"]
            raise Refusal(500, str(error.get("message")), UPSTREAM_ERROR)
        if not chunk["choices"]:
            self.usage_chunk, self.usage = chunk, chunk.get("usage") or {}
            return None
        says = [self._says(choice) for choice in chunk["choices"]]
        if any(choice["finish_reason"] for choice in chunk["choices"]):
            self._last, chunk = chunk, self._last
            return orjson.dumps(chunk) if chunk else None
        return orjson.dumps(chunk) if any(says) else None

    def last(self, spent: dict[str, Any]) -> list[bytes]:
        """The chunk that ended the stream, with what was spent."""
        return [orjson.dumps(self._last | {"r1data": spent})] if self._last else []

    @property
    def id(self) -> str:
        """The completion's id; empty when the stream had no end."""
        return self._last["id"] if self._last else ""

    def _says(self, choice: dict[str, Any]) -> bool:
        """Tell the thought of a choice apart; whether anything is left to say."""
        delta, reason = choice["delta"], choice["finish_reason"]
        splitter = self._splitters.get(choice["index"])
        if splitter is None:
            splitter = self._splitters[choice["index"]] = Splitter(opened=bool(self._opened))
        if self._opened is None:
            pass  # all of it is answer
        elif text := delta.pop("content", None):
            _add(delta, splitter.feed(text))
        if reason:
            _add(delta, splitter.finish())  # nothing, where nothing was fed
            self.caps += ["tokens"] if reason == "length" else []
        return bool(delta) or choice.get("logprobs") is not None or bool(choice.get("token_ids"))


def _add(delta: dict[str, Any], parts: tuple[str, str]) -> None:
    for key, part in zip(("reasoning", "content"), parts, strict=True):
        if part:
            delta[key] = delta.get(key, "") + part


async def chat(serving: Serving, body: dict[str, Any], answer: Answer) -> None:
    """Answer a chat request without a budget."""
    began = time.monotonic()
    async with serving.slots.hold():
        opened = await _opened(serving, body)
        if body.get("stream"):
            await _stream(serving, body, answer, opened, began)
        else:
            await _whole(serving, body, answer, opened, began)


async def _opened(serving: Serving, body: dict[str, Any]) -> bool | None:
    """Whether the prompt ends with an opened thought; None where a grammar leaves no room for one, and tags
    are text of the answer.
    """
    structured = any(body.get(key) for key in _STRUCTURE if body.get(key) != {"type": "text"})
    return None if structured else await serving.upstream.opens_thought(body)


async def _whole(
    serving: Serving, body: dict[str, Any], answer: Answer, opened: bool | None, began: float
) -> None:
    found = await serving.upstream.json(CHAT, RAW | body)
    thoughts, caps = [], []
    for choice in found["choices"]:
        message = choice["message"]
        if opened is None:
            message["reasoning"] = None
        else:
            message["reasoning"], message["content"] = split(message["content"] or "", opened=opened)
        thoughts.append(message["reasoning"] or "")
        caps += ["tokens"] if choice["finish_reason"] == "length" else []
    found["r1data"] = await spent(serving, found["usage"], thoughts, caps, began)
    serving.account(found["id"], found["r1data"], caps)
    await answer.whole(200, orjson.dumps(found))


async def _stream(
    serving: Serving, body: dict[str, Any], answer: Answer, opened: bool | None, began: float
) -> None:
    options = body.get("stream_options") or {}
    asked = RAW | body | {"stream_options": options | {"include_usage": True}}
    chunks = Chunks(opened=opened)
    async with serving.upstream.post(CHAT, asked) as given:
        await check(given)
        async for event in events(given):
            if event != DONE and (chunk := chunks.take(event)):
                await answer.events(chunk)
    told = await spent(serving, chunks.usage, chunks.thoughts, chunks.caps, began)
    serving.account(chunks.id, told, chunks.caps)
    last = chunks.last(told)
    if options.get("include_usage") and chunks.usage_chunk:
        last.append(orjson.dumps(chunks.usage_chunk))
    await answer.events(*last)
    await answer.end()


async def spent(
    serving: Serving, usage: dict[str, Any], thoughts: list[str], caps: list[str], began: float
) -> dict[str, Any]:
    """The metadata of an answer; the thought's share of `usage` is noted there too, as OpenAI does."""
    n_thought = await serving.n_tokens(thoughts)
    usage["completion_tokens_details"] = {"reasoning_tokens": n_thought}
    return {
        "attempts": len(thoughts),
        "thought_tokens": n_thought,
        "completion_tokens": usage.get("completion_tokens", 0),
        "elapsed_s": round(time.monotonic() - began, 3),
        "stopped_by": "tokens" if caps else "finished",
    }


async def completions(serving: Serving, body: dict[str, Any], answer: Answer) -> None:
    """Answer a request for plain completions; thoughts stay in the text."""
    async with serving.slots.hold():
        if body.get("stream"):
            return await _plain_stream(serving, body, answer)
        found = await serving.upstream.json(COMPLETIONS, body)
    caps = ["tokens" for choice in found["choices"] if choice["finish_reason"] == "length"]
    _account_plain(serving, found, caps)
    await answer.whole(200, orjson.dumps(found))


async def _plain_stream(serving: Serving, body: dict[str, Any], answer: Answer) -> None:
    options = body.get("stream_options") or {}
    caps = list[str]()
    async with serving.upstream.post(
        COMPLETIONS, body | {"stream_options": options | {"include_usage": True}}
    ) as given:
        await check(given)
        async for event in events(given):
            if event == DONE:
                continue
            if event.startswith(b'{"error"'):
                raise Refusal(500, str(orjson.loads(event)["error"].get("message")), UPSTREAM_ERROR)
            if b'"finish_reason":"length"' in event:
                caps.append("tokens")
            if b'"choices":[]' in event:
                _account_plain(serving, orjson.loads(event), caps)
                if not options.get("include_usage"):
                    continue
            await answer.events(event)
    await answer.end()


def _account_plain(serving: Serving, found: dict[str, Any], caps: list[str]) -> None:
    tokens = found["usage"]["completion_tokens"]
    serving.account(found["id"], {"attempts": 1, "thought_tokens": 0, "completion_tokens": tokens}, caps)
