"""Lines of the files that a batch leaves: which rollout each is about, and what it says of it.

    {"custom_id": "3f…", "response": {"status_code": 200, "body": {chat completion}}, "error": null}
    {"custom_id": "7a…", "response": null, "error": {"code": "batch_expired", "message": "…"}}

Lines come in any order. One that cannot be read, or is about a rollout that was not asked, is passed over; of
two about the same rollout the first counts.
"""

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from r1data.generate.engine import Completion, Request
from r1data.generate.engines.chat import NotAChatCompletion, completion
from r1data.generate.engines.refused import one_line, refused, told

_AGAIN = {408, 409, 425, 429}


class Results:
    """What the files of a batch say, by rollout; texts stay on the disk until they are read."""

    def __init__(self, files: Sequence[Path], asked: Container[str]) -> None:
        """Find the lines; a file that does not exist holds none.

        Args:
            files: those whose lines count first come first.
            asked: rollouts that the batch was made of.
        """
        self._places: dict[str, tuple[Path, int, int]] = {}
        for file in files:
            if file.exists():
                for place, line in _lines(file):
                    name = line.get("custom_id")
                    if isinstance(name, str) and name in asked:
                        self._places.setdefault(name, place)

    def read(self, rollout_id: str) -> tuple[Mapping[str, Any] | None, int]:
        """The line about a rollout, or None, and how many bytes it takes."""
        if rollout_id not in self._places:
            return None, 0
        path, at, size = self._places[rollout_id]
        with path.open("rb") as file:
            file.seek(at)
            return _parsed(file.read(size)), size


def outcome(
    request: Request, line: Mapping[str, Any] | None, *, elapsed_s: float, retries: int, reasoning_kind: str
) -> Completion | str:
    """What became of a request: a completion, or in one line why it must be asked again.

    Args:
        request: what was asked.
        line: of one of the batch's files; None when there is none about this request.
        elapsed_s: seconds that the batch took.
        retries: batches that the request was in before.
        reasoning_kind: what of its thought the model shows.
    """
    if line is None:
        return "its batch ended without it"
    response, error = line.get("response"), line.get("error")
    response = response if isinstance(response, Mapping) else {}
    status = response.get("status_code")
    if not isinstance(status, int):
        status = 200 if response and not error else 0
    if status == 200:
        try:
            return completion(
                request,
                response.get("body") or {},
                elapsed_s=elapsed_s,
                retries=retries,
                reasoning_kind=reasoning_kind,
            )
        except NotAChatCompletion as problem:
            return one_line(str(problem))
    said = error or response.get("body") or {}
    if status in _AGAIN or status >= 500:
        return one_line(f"HTTP {status}: {told(said)[0]}")
    meant = refused(status or 400, said)
    if status == 0 and meant.finish_reason == "error":  # never run: expired, cancelled, a fault of the API
        message, code = told(said)
        return one_line(f"{code}: {message}" if code else message) or "the API gave no reason"
    return meant.completion(request, elapsed_s=elapsed_s, retries=retries)


def _lines(file: Path) -> Iterator[tuple[tuple[Path, int, int], Mapping[str, Any]]]:
    at = 0
    with file.open("rb") as lines:
        for line in lines:
            if (parsed := _parsed(line)) is not None:
                yield (file, at, len(line)), parsed
            at += len(line)


def _parsed(line: bytes) -> Mapping[str, Any] | None:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        try:
            found = json.loads(line)  # which lets half of a pair of surrogates pass
        except (ValueError, RecursionError):
            return None
    return found if isinstance(found, Mapping) else None
