"""The client of vLLM's OpenAI server, on a Unix socket or at an address."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import aiohttp
import orjson

from r1data.serve.refusal import Refusal, invalid, unavailable
from r1data.text import OPEN

CHAT, COMPLETIONS = "/v1/chat/completions", "/v1/completions"
DONE = b"[DONE]"
UPSTREAM_ERROR = "upstream_error"
IDLE_S = 3
"""Seconds that a connection is kept for the next request; vLLM closes one after 5 (its
`VLLM_HTTP_TIMEOUT_KEEP_ALIVE`), and a request that crosses with that would be lost.
"""
_HTTP_CLOSED = (aiohttp.ClientError, ConnectionError)


class Upstream:
    """An async context manager: connections to one server of one model."""

    def __init__(self, address: Path | str) -> None:
        """Name the server.

        Args:
            address: path of its Unix socket, or `http://host:port`.
        """
        self._socket = str(address) if isinstance(address, Path) else None
        self._url = "http://vllm" if isinstance(address, Path) else address
        self.context_tokens = 0
        """Prompt and completion together, as the server says; known once it is `ready`."""
        self._opened: dict[bytes, bool] = {}
        self._asking = asyncio.Lock()

    async def __aenter__(self) -> Self:
        options: dict[str, Any] = {"limit": 0, "keepalive_timeout": IDLE_S}
        connector = (
            aiohttp.UnixConnector(self._socket, **options)
            if self._socket
            else aiohttp.TCPConnector(**options)
        )
        timeout = aiohttp.ClientTimeout(total=None)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._session.close()

    @asynccontextmanager
    async def post(self, path: str, body: Mapping[str, Any]) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request; leaving early closes the connection, by which vLLM ends its work on it.

        Raises:
            Refusal: nobody answers, or the connection was cut (503).
        """
        try:
            async with self._session.post(
                self._url + path, data=orjson.dumps(body), headers={"Content-Type": "application/json"}
            ) as answer:
                try:
                    yield answer
                except BaseException:
                    answer.close()
                    raise
        except _HTTP_CLOSED as error:
            raise unavailable(
                f"The model does not answer: {type(error).__name__}. Ask again later."
            ) from error

    async def json(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON of an answer.

        Raises:
            Refusal: nobody answers, or the server refuses; its own words are passed on.
        """
        async with self.post(path, body) as answer:
            await check(answer)
            return orjson.loads(await answer.read())

    async def get(self, path: str) -> tuple[int, bytes]:
        """Status and content of a page.

        Raises:
            Refusal: nobody answers.
        """
        try:
            async with self._session.get(self._url + path) as answer:
                return answer.status, await answer.read()
        except _HTTP_CLOSED as error:
            raise unavailable("The model does not answer.") from error

    async def ready(self) -> None:
        """Make sure that the model writes.

        Raises:
            Refusal: it does not, yet.
        """
        status, page = await self.get("/v1/models")
        if status != 200:
            raise unavailable(f"The model's server says {status}.")
        self.context_tokens = orjson.loads(page)["data"][0].get("max_model_len") or 0
        await self.json(COMPLETIONS, {"prompt": "1", "max_tokens": 1})
        await self.opens_thought({})  # or requests that come at once would wait for this

    async def opens_thought(self, body: Mapping[str, Any]) -> bool:
        """Whether the chat template ends a prompt with an opened thought, as many of reasoning models do.

        It is asked once for each value of `chat_template_kwargs`. A server that cannot say has opened none.
        """
        if body.get("continue_final_message") or body.get("add_generation_prompt") is False:
            return False  # the prompt ends with a message, and not with what the template writes before one
        switch = body.get("chat_template_kwargs")
        key = orjson.dumps(switch, option=orjson.OPT_SORT_KEYS)
        if key not in self._opened:
            async with self._asking:  # of many that come at once, one asks
                if key not in self._opened:
                    await self._ask_template(key, switch)
        return self._opened[key]

    async def _ask_template(self, key: bytes, switch: Any) -> None:
        if len(self._opened) >= 64:  # a client may send any value
            self._opened.clear()
        messages = [{"role": "user", "content": "Hi"}]
        asked = {"messages": messages, **({"chat_template_kwargs": switch} if switch else {})}
        try:
            tokens = (await self.json("/tokenize", asked))["tokens"]
            prompt = (await self.json("/detokenize", {"tokens": tokens}))["prompt"]
        except Refusal as error:
            if error.status == 503:
                raise
            prompt = ""
        self._opened[key] = prompt.rstrip().endswith(OPEN)

    async def tokens(self, text: str) -> list[int]:
        """Token ids of a text in the middle of others."""
        found = await self.json("/tokenize", {"prompt": text, "add_special_tokens": False})
        return list(found["tokens"])


async def check(answer: aiohttp.ClientResponse) -> None:
    """Pass a server's own refusal on.

    Raises:
        Refusal: the status is none of success.
    """
    if answer.status >= 400:
        said = await answer.read()
        try:
            error = orjson.loads(said)["error"]
            message, param = str(error["message"]), error.get("param")
        except (ValueError, KeyError, TypeError, AttributeError):
            message, param = said.decode(errors="replace")[:500], None
        if answer.status < 500:
            raise invalid(message, param, answer.status)
        raise Refusal(answer.status, message, UPSTREAM_ERROR, param)


async def events(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """What stands after `data:` in each event of a stream.

    Raises:
        Refusal: the stream broke off.
    """
    rest = b""
    try:
        async for piece in answer.content.iter_any():
            *whole, rest = (rest + piece).split(b"\n\n")
            for event in whole:
                if event.startswith(b"data: "):
                    yield event[6:]
    except (TimeoutError, *_HTTP_CLOSED) as error:
        raise unavailable("The model stopped in the middle of its answer.") from error
