"""One OpenAI-compatible server over HTTP: what it answers, or why it does not.

Connections, authentication and error types are those of the `openai` client. Its own retries are off, and
the JSON is read here: its types would let pass whatever a server sends in place of a chat completion.
"""

import asyncio
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai

from r1data.errors import EngineError
from r1data.generate.engine import Request
from r1data.generate.engines.address import checked_url, key_of, retry_after_s
from r1data.generate.engines.refused import Refused, one_line, refused, told
from r1data.recipe.generate import Endpoint

_RETRIED = {408, 409, 425, 429}
_LOOK_S = 15.0
_CONNECT_S = 15.0
_NO_CREDIT = {"insufficient_quota", "billing_hard_limit_reached", "insufficient_balance"}


class Failed(Exception):
    """An attempt that may go well the next time.

    Attributes:
        why: what went wrong, in one line.
        retry_after_s: how long the server wants to be left alone; None when it did not say.
        throttled: whether it was asked too fast.
        broken: whether the server itself seems to be out of order.
        spent: whether the server may have worked on it, so that its tokens count.
    """

    def __init__(
        self,
        why: str,
        *,
        retry_after_s: float | None = None,
        throttled: bool = False,
        broken: bool = False,
        spent: bool = False,
    ) -> None:
        super().__init__(why)
        self.why, self.retry_after_s, self.throttled = why, retry_after_s, throttled
        self.broken, self.spent = broken, spent


class Denied(Exception):
    """An attempt that no repetition helps; `refused` says why."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.detail)
        self.refused = refused


class Server:
    """One server; `url` never holds a secret."""

    def __init__(self, endpoint: Endpoint, model: str, timeout_s: float) -> None:
        """Read the key from the environment; nothing is sent yet.

        Raises:
            ConfigError: the address is none, or the key's variable is not set.
        """
        self.url = checked_url(endpoint.url, "generate.openai")
        self.concurrency = endpoint.concurrency
        self.max_tokens: int | None = None
        """Context that the server tells of, as vLLM and SGLang do."""
        self._model, self._timeout_s, self._key_name = model, timeout_s, endpoint.api_key_env
        self._key = key_of(endpoint.api_key_env, "generate.openai")
        self._software: str | None = None
        self._listed: list[str] = []

    async def look(self) -> None:
        """Ask for its models, which tells whether it answers.

        Raises:
            Failed: it does not.
            EngineError: it does not accept the key.
        """
        try:
            listing = await self._send("get", f"{self.url}/models", None, _LOOK_S)
        except Denied:
            return  # a server without this address, but a server
        except Failed as failure:
            if failure.throttled:
                return
            raise
        models = listing.get("data") if isinstance(listing, Mapping) else None
        found = [model for model in models or [] if isinstance(model, Mapping)]
        self._listed = [str(model.get("id")) for model in found]
        for model in found:
            if model.get("id") == self._model:
                self._software = model.get("owned_by")
                context = model.get("max_model_len")
                self.max_tokens = context if isinstance(context, int) else None

    async def ask(self, body: Mapping[str, Any]) -> Any:
        """The JSON that it answers to a chat completion's body.

        Raises:
            Failed, Denied: it did not answer.
            EngineError: it does not accept the key, or does not know the model.
        """
        try:
            return await self._send("post", f"{self.url}/chat/completions", body, self._timeout_s)
        except Denied as denied:
            if denied.refused.status == 404:
                raise EngineError(self._unknown_model(denied)) from denied
            raise

    async def call_root(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON of an address beside `/v1`, such as vLLM's `/tokenize`.

        Raises:
            Failed, Denied: it did not answer, or has no such address.
            EngineError: it does not accept the key.
        """
        return await self._send("post", self.url.removesuffix("/v1") + path, body, _LOOK_S)

    def explicit(self, request: Request) -> dict[str, Any]:
        """Keys that this server's software knows and would else take from the model's own defaults."""
        keys: dict[str, Any] = {}
        if self._software in ("vllm", "sglang"):
            sampling = request.sampling
            keys = {"top_k": sampling.top_k, "min_p": sampling.min_p, "repetition_penalty": 1.0}
        if self._software == "vllm":  # as the engine vllm does: what the model wrote is stored raw
            keys |= {"skip_special_tokens": False, "spaces_between_special_tokens": False}
        return keys

    async def close(self) -> None:
        """End its connections."""
        if "_client" in self.__dict__:
            await self._client.close()

    @cached_property
    def _client(self) -> openai.AsyncOpenAI:
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=self.concurrency)
        timeout = httpx2.Timeout(None, connect=_CONNECT_S)
        client = openai.AsyncOpenAI(
            base_url=self.url,
            api_key="sent with each request, or not at all",  # else it takes OPENAI_API_KEY
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(limits=limits, timeout=timeout),
        )
        if urlsplit(self.url).hostname != "api.openai.com":
            client.organization = client.project = (
                None  # read from the environment, and nobody else's business
            )
        return client

    async def _send(self, method: str, url: str, body: Mapping[str, Any] | None, timeout_s: float) -> Any:
        call = self._client.get if method == "get" else self._client.post
        sent: dict[str, Any] = {} if body is None else {"body": body}
        authorization = openai.omit if self._key is None else f"Bearer {self._key}"
        sent["options"] = {"headers": {"Authorization": authorization}}
        try:
            async with asyncio.timeout(timeout_s):
                answer = await call(url, cast_to=httpx2.Response, **sent)
        except TimeoutError:
            raise Failed(f"no answer within {timeout_s:g} s", broken=True, spent=True) from None
        except openai.APIStatusError as error:
            raise self._meaning(error) from error
        except openai.APIConnectionError as error:
            why = error.__cause__ or error
            raise Failed(self._line(f"{type(why).__name__}: {why}"), broken=True) from error
        try:
            return json.loads(answer.content)
        except (ValueError, RecursionError) as error:
            raise Failed(self._line(f"no JSON: {error}"), broken=True, spent=True) from error

    def _meaning(self, error: openai.APIStatusError) -> Exception:
        status = error.status_code
        message, code = told(error.body)
        message = self._line(message)
        why = f"HTTP {status}: {message or 'no reason given'}"
        if status == 402 or code in _NO_CREDIT:
            return EngineError(f"{self.url} has no credit left ({why}). Pay for more, then run again.")
        if status in _RETRIED or status >= 500:
            wait = retry_after_s(error.response.headers)
            return Failed(why, retry_after_s=wait, throttled=status == 429, broken=status >= 500)
        meant = refused(status, {"message": message, "code": code})
        if status in (401, 403) and meant.finish_reason != "refusal":
            key = f"the key in {self._key_name}" if self._key_name else "a request without a key"
            return EngineError(
                f"{self.url} does not accept {key} ({why}). Set `api_key_env` of this endpoint in "
                "[generate.openai] to the environment variable that holds a valid key."
            )
        return Denied(meant)

    def _unknown_model(self, denied: Denied) -> str:
        listed = f" It lists {', '.join(self._listed[:10])}." if self._listed else ""
        return (
            f"{self.url} does not know the model {self._model} ({denied}).{listed} Correct the teacher's "
            "`model`, or the endpoint's `url`, which ends in /v1 for most servers."
        )

    def _line(self, text: str) -> str:
        return one_line(text.replace(self._key, "…") if self._key else text)
