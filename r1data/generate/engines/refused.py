"""What a server means by refusing a request: too long, against a policy, or wrong in another way.

Servers agree on little but the status, so words in the message decide.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from r1data.generate.engine import Completion, Request

_LINE_CHARS = 300
_TOO_LONG = re.compile(
    r"context[ _]length|context window|maximum context|max_model_len|prompt is too long|input is too long"
    r"|longer than the model|reduce the length",
    re.IGNORECASE,
)
_POLICY = re.compile(
    r"content[ _]?(?:filter|policy|management)|policy[ _]violation|violat\w+ .{0,40}polic|moderation|flagged"
    r"|inappropriate content|content exists risk|safety system|responsible ?ai",
    re.IGNORECASE,
)
_LIMIT = re.compile(r"(?:context length|max_model_len)\D{0,20}?(\d+)", re.IGNORECASE)
_ASKED = re.compile(
    r"(\d+) (?:tokens )?(?:in the messages|(?:from the )?input|in the (?:input|prompt)|prompt tokens)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Refused:
    """Why a server will never answer this request (status 400, 413, 422 and the like)."""

    finish_reason: str
    """`rejected`: it does not fit the context; `refusal`: a policy forbids it; `error`: anything else."""
    detail: str
    """What the server said, in one line."""
    status: int
    """Of HTTP."""
    room: int | None = None
    """Completion tokens that would fit, when the server said how long its context and the prompt are."""

    def completion(self, request: Request, *, elapsed_s: float, retries: int) -> Completion:
        """The row that such a request ends as."""
        return Completion(
            request.rollout_id,
            "",
            self.finish_reason,
            0,
            0,
            elapsed_s,
            retries=retries,
            detail=self.detail,
        )


def refused(status: int, error: object) -> Refused:
    """What a server meant by refusing a request.

    Args:
        status: of HTTP.
        error: the JSON or text that came with it, such as `{"error": {"message": …, "code": …}}`.
    """
    message, code = told(error)
    detail = one_line(f"HTTP {status}: {message or 'no reason given'}")
    if status == 413 or code == "context_length_exceeded" or _TOO_LONG.search(message):
        return Refused("rejected", detail, status, _room(message))
    if _POLICY.search(f"{code} {message}"):
        return Refused("refusal", detail, status)
    return Refused("error", detail, status)


def told(error: object) -> tuple[str, str]:
    """Message and code of an error's JSON, wherever the server put them."""
    if not isinstance(error, Mapping):
        return str(error or ""), ""
    inner = error.get("error") or error
    if not isinstance(inner, Mapping):
        return str(inner), ""
    message = inner.get("message") or inner.get("detail") or dict(inner)
    more = inner.get("metadata") or ""  # where OpenRouter says what the server behind it said
    return f"{message} {more}".strip(), str(inner.get("code") or inner.get("type") or "")


def one_line(text: str) -> str:
    """A text as one short line."""
    line = " ".join(storable(text).split())
    return line if len(line) <= _LINE_CHARS else f"{line[: _LINE_CHARS - 1]}…"


def storable(text: str) -> str:
    """A text that UTF-8 can hold: JSON may bring half of a pair of surrogates, where a text was cut."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _room(message: str) -> int | None:
    limit, asked = _LIMIT.search(message), _ASKED.search(message)
    room = int(limit[1]) - int(asked[1]) if limit and asked else 0
    return room if room > 0 else None
