"""One attempt at an answer, as the model writes it, with a cap on its thought.

The cap is kept by two requests, which works for any tags, whatever tokens they are made of: the first ends
after the tokens of the thought; the second goes on from its very tokens, with the closing tag behind them.
vLLM's own `thinking_token_budget` looks for the tags' tokens, which merge with their neighbours in many
tokenizers.

What this does not keep: a stop text that begins in one of the two requests and ends in the other, and
penalties of frequency and presence, which count from the closing tag on.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from r1data.serve.refusal import Refusal
from r1data.serve.relay import RAW
from r1data.serve.thoughts import Splitter, split
from r1data.serve.upstream import CHAT, COMPLETIONS, DONE, UPSTREAM_ERROR, Upstream, check, events
from r1data.text import OPEN
from r1data.verify import Verdict

CLOSING = "\n</think>\n\n"
KEPT = (
    *(
        "model",
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "seed",
        "logit_bias",
        "length_penalty",
        "watermarking",
    ),
    *("frequency_penalty", "presence_penalty", "repetition_penalty", "repetition_detection"),
    *("stop", "stop_token_ids", "include_stop_str_in_output", "ignore_eos", "bad_words", "allowed_token_ids"),
    *("priority", "user", "session_id", "cache_salt", "vllm_xargs", "stream_interval"),
    *("kv_transfer_params", "ec_transfer_params", *RAW),
)
"""Keys of a chat request that the second request keeps."""
OnText = Callable[[str], Awaitable[None]]


@dataclass
class Attempt:
    """What came of one attempt, also while it runs."""

    index: int
    opened: bool
    """Whether the prompt ended with an opened thought."""
    text: str = ""
    """As it was written, and the tag with which a capped thought was closed."""
    head: dict[str, Any] = field(default_factory=dict)
    """`id`, `created` and `model` of the answer."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    finish_reason: str | None = None
    """`stop` or `length`; None while it runs, or when it was broken off."""
    capped: bool = False
    """Whether its thought was closed because it hit the cap."""
    verdict: Verdict | None = None

    @property
    def completion(self) -> str:
        """The text as a verifier reads it: with the tag that the prompt wrote."""
        return f"{OPEN}\n{self.text}" if self.opened else self.text

    @property
    def parts(self) -> tuple[str | None, str | None]:
        """`(reasoning, content)`; None where there is none."""
        return split(self.text, opened=self.opened)


class Attempting:
    """Makes one attempt."""

    def __init__(self, upstream: Upstream, attempt: Attempt, on_text: OnText | None) -> None:
        """Name the server, what is filled in, and who is told every piece of text."""
        self._upstream, self._attempt, self._on_text = upstream, attempt, on_text
        self._ids: list[int] = []
        self._splitter = Splitter(opened=attempt.opened)

    async def run(self, body: dict[str, Any], max_thought_tokens: int | None) -> None:
        """Make it.

        Args:
            body: the chat request, without its budget.
            max_thought_tokens: tokens after which an open thought is closed; None for no such cap.

        Raises:
            Refusal: the server refuses, or does not answer.
        """
        asked = RAW | body
        cap = _cap(body)
        most = self._upstream.context_tokens if cap is None else cap
        if max_thought_tokens is None or most <= max_thought_tokens:
            return await self._follow(CHAT, asked)
        asked.pop("max_completion_tokens", None)
        tag = 0 if self._attempt.opened else len(await self._upstream.tokens(OPEN))
        limits = _limits(body, min(most, max_thought_tokens + tag), 0)
        await self._follow(CHAT, asked | limits | {"return_token_ids": True})
        if self._attempt.finish_reason != "length":
            return
        await self._close_thought()
        room = self._upstream.context_tokens - len(self._ids)
        room = room if cap is None else min(room, cap - self._attempt.completion_tokens)
        if room < 1:
            return
        kept = {key: body[key] for key in KEPT if key in body}
        limits = _limits(body, room, self._attempt.completion_tokens)
        await self._follow(COMPLETIONS, RAW | kept | limits | {"prompt": self._ids})

    async def _close_thought(self) -> None:
        if not self._splitter.in_thought:
            return  # the answer has begun, or there is none apart from it
        self._attempt.capped = True
        self._ids += await self._upstream.tokens(CLOSING)
        await self._say(CLOSING)

    async def _say(self, text: str) -> None:
        self._attempt.text += text
        self._splitter.feed(text)
        if self._on_text:
            await self._on_text(text)

    async def _follow(self, path: str, body: dict[str, Any]) -> None:
        attempt, before = self._attempt, self._attempt.completion_tokens
        usage = {
            "include_usage": True,
            "continuous_usage_stats": True,
        }  # so that a deadline knows what it cost
        async with self._upstream.post(path, body | {"stream": True, "stream_options": usage}) as given:
            await check(given)
            async for event in events(given):
                if event == DONE:
                    continue
                chunk = orjson.loads(event)
                if "error" in chunk:
                    raise Refusal(500, str(chunk["error"].get("message")), UPSTREAM_ERROR)
                attempt.head = attempt.head or {key: chunk[key] for key in ("id", "created", "model")}
                self._ids += chunk.get("prompt_token_ids") or []
                if counted := chunk.get("usage"):
                    attempt.completion_tokens = before + counted["completion_tokens"]
                    attempt.prompt_tokens = attempt.prompt_tokens or counted["prompt_tokens"]
                for choice in chunk["choices"]:
                    self._ids += choice.get("token_ids") or []
                    attempt.finish_reason = choice["finish_reason"]
                    text = choice["text"] if "text" in choice else choice["delta"].get("content")
                    if text:
                        await self._say(text)


def _cap(body: dict[str, Any]) -> int | None:
    cap = body.get("max_completion_tokens") or body.get("max_tokens")
    return cap if isinstance(cap, int) else None


def _limits(body: dict[str, Any], most: int, written: int) -> dict[str, int]:
    """`max_tokens` of one of the two requests, and what it has to do of `min_tokens`."""
    least = body.get("min_tokens")
    if type(least) is not int:  # none, or one that the server is to refuse
        return {"max_tokens": most}
    return {"max_tokens": most, "min_tokens": max(0, min(most, least - written))}
