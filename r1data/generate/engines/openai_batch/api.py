"""The batch files of an OpenAI-compatible API over HTTP: what it answers, or why it does not.

Connections and authentication are those of the `openai` client. Its own retries are off: a second attempt at
creating a batch would create a second batch.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai

from r1data.errors import EngineError
from r1data.generate.engines.address import checked_url, key_of, retry_after_s
from r1data.generate.engines.refused import one_line, told
from r1data.lake import storage
from r1data.recipe import BatchSettings

ENDPOINT = "/v1/chat/completions"
"""What the requests of a batch are sent to, whatever the address of the API."""
KEY = "r1data"
"""Name of our key in the metadata of a batch."""
_RETRIED = {408, 409, 425, 429}
_NO_CREDIT = {"insufficient_quota", "billing_hard_limit_reached", "insufficient_balance"}
_FULL = re.compile(
    r"enqueued|token_limit_exceeded|queue limit|queue is full|in_progress batches|too many [\w ]*batches",
    re.IGNORECASE,
)
_PAGE = 100
_BLOCK_BYTES = 2**20


def is_full(said: str) -> bool:
    """Whether an error means that the API's queue has no room until one of its batches has ended."""
    return _FULL.search(said) is not None


class Failed(Exception):
    """A call that may go well the next time.

    Attributes:
        nothing_done: whether the API certainly did not do what it was asked.
        retry_after_s: how long it wants to be left alone; 0 when it did not say.
    """

    def __init__(self, why: str, *, nothing_done: bool = False, retry_after_s: float = 0.0) -> None:
        super().__init__(why)
        self.nothing_done, self.retry_after_s = nothing_done, retry_after_s


class Denied(Exception):
    """A call that the API will always refuse; the message says why.

    Attributes:
        status: of HTTP.
        code: the API's word for it.
    """

    def __init__(self, why: str, status: int, code: str) -> None:
        super().__init__(why)
        self.status, self.code = status, code


class BatchApi:
    """Calls are safe from several threads."""

    def __init__(self, settings: BatchSettings) -> None:
        """Read the key from the environment; nothing is sent yet.

        Raises:
            ConfigError: the address is none, or the key's variable is not set.
        """
        self.url = checked_url(settings.url, "generate.openai_batch")
        self._key_name = settings.api_key_env
        self._key = key_of(settings.api_key_env, "generate.openai_batch")
        self._headers: dict[str, Any] = {} if self._key else {"Authorization": openai.omit}
        self._client: openai.OpenAI | None = None

    def open(self) -> None:
        """Make the client; nothing is sent yet."""
        self._client = openai.OpenAI(
            base_url=self.url,
            api_key=self._key or "none",
            max_retries=0,
            timeout=httpx2.Timeout(120.0, connect=15.0),
        )
        if urlsplit(self.url).hostname != "api.openai.com":
            self._client.organization = self._client.project = None  # nobody else's business

    def close(self) -> None:
        """End its connections."""
        if self._client is not None:
            self._client.close()

    def upload(self, path: Path, name: str) -> str:
        """Send a file of requests; returns its id.

        Raises:
            Failed, Denied: it was not taken.
            EngineError: the key or the account is no good; so for every call.
        """
        with path.open("rb") as file, self._meaning():
            found = self._client.files.create(file=(name, file), purpose="batch", extra_headers=self._headers)
        if not isinstance(file_id := getattr(found, "id", None), str):
            raise Failed("the answer to an upload names no file")
        return file_id

    def create(self, input_file_id: str, key: str) -> dict[str, Any]:
        """Create a batch; returns its JSON.

        Raises:
            Failed: perhaps it was not created; `nothing_done` tells when it certainly was not.
            Denied: it was not created.
        """
        body = {
            "input_file_id": input_file_id,
            "endpoint": ENDPOINT,
            "completion_window": "24h",
            "metadata": {KEY: key},
        }
        with self._meaning():
            return _batch(self._client.post("/batches", body=body, **self._raw()))

    def find(self, key: str) -> dict[str, Any] | None:
        """The batch with that key in its metadata, among all that the API lists.

        Raises:
            Failed, Denied: it did not answer.
        """
        params: dict[str, Any] = {"limit": _PAGE}
        while True:
            with self._meaning():
                listing = _json(self._client.get("/batches", **self._raw(params=params)))
            page = [batch for batch in listing.get("data") or [] if isinstance(batch, Mapping)]
            for batch in page:
                if (batch.get("metadata") or {}).get(KEY) == key:
                    return _checked_batch(dict(batch))
            last = page[-1].get("id") if page else None
            if not listing.get("has_more") or not last or last == params.get("after"):
                return None
            params["after"] = last

    def look(self, batch_id: str) -> dict[str, Any]:
        """The JSON of a batch.

        Raises:
            Failed, Denied: it did not answer, or does not know it.
        """
        with self._meaning():
            return _batch(self._client.get(f"/batches/{batch_id}", **self._raw()))

    def download(self, file_id: str, path: Path, check: Callable[[], None]) -> None:
        """Write a file's content to `path`; it is there whole, or not at all.

        Args:
            file_id: as the API names it.
            path: where it goes.
            check: called between blocks; what it raises ends the download.

        Raises:
            Failed, Denied: it did not come, or not whole.
        """
        part = path.with_suffix(".part")
        with (
            self._meaning(),
            self._client.files.with_streaming_response.content(
                file_id, extra_headers=self._headers
            ) as answer,
            part.open("wb") as file,
        ):
            for block in answer.iter_bytes(_BLOCK_BYTES):
                file.write(block)
                check()
        storage.sync(part)
        part.replace(path)
        storage.sync(path.parent)

    def _raw(self, **options: Any) -> dict[str, Any]:
        """Arguments of a call whose JSON is read here: the client's types let anything pass."""
        return {"cast_to": httpx2.Response, "options": {"headers": self._headers, **options}}

    @contextmanager
    def _meaning(self) -> Iterator[None]:
        """Turn the client's exceptions into ours."""
        try:
            yield
        except openai.APIStatusError as error:
            raise self._status(error) from error
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            why = error.__cause__ or error
            unsent = isinstance(why, httpx2.ConnectError | httpx2.ConnectTimeout)
            raise Failed(self._line(f"{type(why).__name__}: {why}"), nothing_done=unsent) from error
        except openai.OpenAIError as error:
            raise Failed(self._line(f"{type(error).__name__}: {error}")) from error

    def _status(self, error: openai.APIStatusError) -> Exception:
        status = error.status_code
        message, code = told(error.body)
        why = self._line(f"HTTP {status}: {message or 'no reason given'}")
        if status == 402 or code in _NO_CREDIT:
            return EngineError(f"{self.url} has no credit left ({why}). Pay for more, then run again.")
        if status in (401, 403):
            key = f"the key in {self._key_name}" if self._key_name else "a call without a key"
            return EngineError(
                f"{self.url} does not accept {key} ({why}). Set `api_key_env` in "
                "[generate.openai_batch] to the environment variable that holds a valid key."
            )
        if status >= 500 or (status in _RETRIED and not is_full(f"{code} {message}")):
            wait = retry_after_s(error.response.headers) or 0.0
            return Failed(why, nothing_done=status == 429, retry_after_s=wait)
        return Denied(why, status, code)

    def _line(self, text: str) -> str:
        return one_line(text.replace(self._key, "…") if self._key else text)


def _json(answer: httpx2.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError as error:
        raise Failed(one_line(f"no JSON: {error}")) from error
    if not isinstance(found, dict):
        raise Failed(f"a JSON {type(found).__name__} in place of an object")
    return found


def _batch(answer: httpx2.Response) -> dict[str, Any]:
    return _checked_batch(_json(answer))


def _checked_batch(found: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(found.get("id"), str) or not isinstance(found.get("status"), str):
        raise Failed(one_line(f"JSON that is no batch; its keys are {', '.join(found)}"))
    return found
