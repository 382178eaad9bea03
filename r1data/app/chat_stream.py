"""One reply as a server streams it: what came so far, or in one line why nothing more comes.

    data: {"id": "chatcmpl-1", "choices": [{"delta": {"reasoning": "1 + 1"}, "finish_reason": null}]}

The connection is closed when the task that reads it is cancelled, on which a server ends its work.
"""

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import httpx2
import orjson

from r1data.errors import EngineError
from r1data.generate.engine import Completion, Request
from r1data.generate.engines.address import retry_after_s
from r1data.generate.engines.chat import body, completion
from r1data.generate.engines.refused import one_line, refused, told
from r1data.text import CLOSE, OPEN, Thought, thought, with_tags

MAX_CHARS = 8_000_000
"""Of one reply; a server that sends more is left."""
_CONNECT_S, _SILENCE_S, _LINE_CHARS = 10.0, 300.0, 4_000_000


@dataclass(frozen=True)
class Told:
    """A completion as far as it is there."""

    text: str
    """With `<think>` tags around the thought."""
    thought: Thought
    completion: Completion

    @property
    def reasoning(self) -> str | None:
        """The thought; None without one."""
        found = self.thought
        return None if found.start is None else self.text[found.start : found.end].strip()

    @property
    def answer(self) -> str:
        """What follows the thought; empty while it is open."""
        return "" if self.thought.answer_start is None else self.text[self.thought.answer_start :].strip()


@dataclass
class Stream:
    """What came of one request."""

    request: Request
    id: str = ""
    """The server's name for it."""
    content: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    finish_reason: str | None = None
    """The server's word; None while it writes."""
    usage: Mapping[str, Any] = field(default_factory=dict)
    n_chars: int = 0
    began: float = field(default_factory=time.monotonic)
    elapsed_s: float = 0.0
    """Seconds from the request to the latest piece."""

    def told(self) -> Told:
        """All of it so far."""
        message = {"content": "".join(self.content), "reasoning": "".join(self.reasoning)}
        # A thought without an answer is open until the server says otherwise.
        choice = {"message": message, "finish_reason": self.finish_reason or "length"}
        found = completion(
            self.request,
            {"choices": [choice], "usage": self.usage},
            elapsed_s=self.elapsed_s,
            retries=0,
            reasoning_kind="full",
        )
        text = with_tags(found.text, self.request.thought_marks)
        return Told(text, thought(text), found)

    def thought_tokens(self) -> tuple[int, bool] | None:
        """Tokens of the thought, and whether they were counted; else they follow from its share of the
        characters. None where nothing is known.
        """
        details = self.usage.get("completion_tokens_details")
        counted = details.get("reasoning_tokens") if isinstance(details, Mapping) else None
        all_, reasoning = self.usage.get("completion_tokens"), self.told().reasoning
        if isinstance(counted, int) and (
            counted or not reasoning
        ):  # of a prefilled thought servers know none
            return counted, True
        if not isinstance(all_, int) or reasoning is None:
            return None
        chars = sum(map(len, (reasoning, OPEN, CLOSE, self.told().answer)))
        return round(all_ * len(reasoning) / chars), False


async def models(url: str, key: str | None) -> list[tuple[str, int | None]]:
    """Names of a server's models, each with its context in tokens where the server tells it.

    Raises:
        EngineError: it does not answer, or not with models.
    """
    async with _client(url, key) as client:
        try:
            answered = await client.get(f"{url}/models")
        except httpx2.HTTPError as error:
            raise EngineError(_gone(url, error)) from error
    if answered.status_code != 200:
        raise EngineError(_refusal(url, answered, answered.content)[0])
    listed = _json(answered.content).get("data")
    found = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    if not found:
        raise EngineError(
            f"{url} names no model. Is it the address of an OpenAI-compatible server, with /v1?"
        )
    contexts = (one.get("max_model_len") for one in found)
    tokens = (context if isinstance(context, int) else None for context in contexts)
    return [(str(one.get("id")), context) for one, context in zip(found, tokens, strict=True)]


async def ask(url: str, key: str | None, model: str, stream: Stream) -> None:
    """Ask, and gather what comes, to its end; where the prompt leaves less room than was allowed, with the
    room that there is.

    Raises:
        EngineError: the server is gone, is full, does not take the request, or broke off.
    """
    async with _client(url, key) as client:
        try:
            room = await _once(client, url, model, stream)
            if room:
                stream.request = replace(stream.request, max_tokens=room)
                await _once(client, url, model, stream, last=True)
        except httpx2.HTTPError as error:
            raise EngineError(_gone(url, error)) from error
    if stream.finish_reason is None:
        raise EngineError(f"{url} broke off after {stream.n_chars:,} characters.")


async def feedback(url: str, key: str | None, completion_id: str, thumb: str) -> None:
    """Tell a server of ours about a thumb, for its numbers; one that does not answer is left alone."""
    async with _client(url, key) as client:
        try:
            await client.post(f"{url}/feedback", json={"id": completion_id, "thumb": thumb}, timeout=5)
        except httpx2.HTTPError:
            return


async def _once(
    client: httpx2.AsyncClient, url: str, model: str, stream: Stream, *, last: bool = False
) -> int | None:
    """Ask once; the room that there is where the request was too long."""
    wanted = body(stream.request, model, {"stream": True, "stream_options": {"include_usage": True}})
    stream.began = time.monotonic()
    async with client.stream("POST", f"{url}/chat/completions", json=wanted) as answered:
        if answered.status_code != 200:
            why, room = _refusal(url, answered, await answered.aread())
            if room and not last:
                return room
            raise EngineError(why)
        async for piece in _events(answered):
            _take(stream, piece, url)
    return None


async def _events(answered: httpx2.Response) -> AsyncIterator[Mapping[str, Any]]:
    """The JSON of each event (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    async for line in answered.aiter_lines():
        if len(line) > _LINE_CHARS:
            raise EngineError("The server sent an event of more than 4 MB.")
        data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
        if data == "[DONE]":
            return
        if data:
            yield _json(data.encode())


def _take(stream: Stream, piece: Mapping[str, Any], url: str) -> None:
    if piece.get("error"):
        raise EngineError(one_line(f"{url} broke off: {told(piece)[0]}"))
    stream.id = stream.id or str(piece.get("id") or "")
    stream.elapsed_s = time.monotonic() - stream.began
    if isinstance(piece.get("usage"), Mapping):
        stream.usage = piece["usage"]
    choices = piece.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, Mapping):
        return
    delta = choice.get("delta")
    if isinstance(delta, Mapping):
        _append(stream, stream.reasoning, delta.get("reasoning") or delta.get("reasoning_content"))
        _append(stream, stream.content, delta.get("content"))
    if isinstance(choice.get("finish_reason"), str):
        stream.finish_reason = choice["finish_reason"]
    if stream.n_chars > MAX_CHARS:
        raise EngineError(f"{url} sent more than {MAX_CHARS:,} characters, and was left.")


def _append(stream: Stream, texts: list[str], text: object) -> None:
    if isinstance(text, str):
        texts.append(text)
        stream.n_chars += len(text)


def _refusal(url: str, answered: httpx2.Response, content: bytes) -> tuple[str, int | None]:
    """Why a server refused, in one line, and the room for a completion where it told of that."""
    error = _json(content) or content.decode("utf-8", errors="replace")
    said = told(error)[0]
    match answered.status_code:
        case 429:
            wait = retry_after_s(answered.headers)
            when = f"in {wait:.0f} s" if wait is not None else "later"
            return one_line(f"The server has too much to do: try again {when} ({url})."), None
        case 401 | 403:
            return f"{url} wants another key: set R1DATA_CHAT_KEY and R1DATA_CHAT_URL, and start again.", None
        case 404:
            hint = "" if urlsplit(url).path.endswith("/v1") else " Does the address end with /v1?"
            return one_line(f"{url} does not know this address or model: {said or 'HTTP 404'}.{hint}"), None
        case status if status >= 500:
            return one_line(f"{url} failed: HTTP {status} {said}"), None
        case status:
            found = refused(status, error)
            too_long = (
                "The conversation is too long for the context: " if found.finish_reason == "rejected" else ""
            )
            return one_line(f"{too_long}{found.detail}"), found.room


def _gone(url: str, error: httpx2.HTTPError) -> str:
    why = one_line(str(error)) or type(error).__name__
    return f"{url} does not answer or broke off ({why}). Is the server running?"


def _json(content: bytes) -> Mapping[str, Any]:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, Mapping) else {}


def _client(url: str, key: str | None) -> httpx2.AsyncClient:
    here = urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    timeout = httpx2.Timeout(_SILENCE_S, connect=_CONNECT_S)
    return httpx2.AsyncClient(headers=headers, timeout=timeout, trust_env=not here)
