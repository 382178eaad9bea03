"""What a request is refused with: an error in the form of OpenAI's API."""

from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass
class Refusal(Exception):
    """A request that is not served; the client reads why."""

    status: int
    """Of HTTP."""
    message: str
    """What is wrong, and what to do."""
    kind: str
    """A word for it: `invalid_request_error`, `queue_full`, `unavailable`, …; counted by the metrics."""
    param: str | None = None
    """The key of the body that is wrong."""
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """The JSON that OpenAI's API sends."""
        return orjson.dumps({"error": self.fields()})

    def fields(self) -> dict[str, Any]:
        """What stands under `error`."""
        return {"message": self.message, "type": self.kind, "param": self.param, "code": self.status}


def invalid(message: str, param: str | None = None, status: int = 400) -> Refusal:
    """A request that is wrong in itself."""
    return Refusal(status, message, "invalid_request_error", param)


def unavailable(message: str) -> Refusal:
    """The model does not answer, not yet or no more."""
    return Refusal(503, message, "unavailable", headers={"Retry-After": "5"})
