"""What is done about a batch at the API, one step at a time, in threads that the engine does not wait for.

    write the input → upload it → [record with a key] → create → look, again and again → download

A kill in front of the record leaves nothing at the API but a file. After it, nobody knows whether the batch
was created until the API has listed its batches: one that carries the key is ours. One that is still not
listed `poll_s` after it was first missed was not created.
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import orjson

from r1data import ids
from r1data.errors import EngineError
from r1data.generate.engine import Request
from r1data.generate.engines.chat import body
from r1data.generate.engines.openai_batch.api import ENDPOINT, BatchApi, Denied, Failed, is_full
from r1data.generate.engines.openai_batch.line import Results
from r1data.generate.engines.openai_batch.state import ENDED, Batch
from r1data.generate.engines.refused import one_line, told
from r1data.recipe import BatchSettings


class Stopped(Exception):
    """The engine is closing; the step ended between two calls."""


class Jobs:
    """The steps of batches. Each batch is in one step at a time; different ones may be at once."""

    def __init__(self, api: BatchApi, settings: BatchSettings, model: str) -> None:
        """Args: `api` is open when the first step begins."""
        self.closing = threading.Event()
        self._api, self._settings, self._model = api, settings, model

    def line(self, request: Request) -> tuple[bytes, str]:
        """The line that asks for a rollout, and the digest of its body.

        Raises:
            ConfigError: `extra_body` refers to a key that the body does not have.
        """
        asked = body(request, self._model, self._settings.extra_body)
        line = {"custom_id": request.rollout_id, "method": "POST", "url": ENDPOINT, "body": asked}
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE), ids.digest(asked)

    def step(self, batch: Batch) -> str:
        """Do what comes next about a batch, whose record nothing else changes meanwhile.

        Returns:
            `created`: the API has it; `live`: it still works on it; `ended`: what came back is here; `read`:
            it was here before, and can be read; `doubted`: it is not known yet whether the API has it;
            `absent`: it has not; `full`: its queue has no room for it; `failed`: it does not want it, and
            `batch.problem` says why.

        Raises:
            Failed: the API did not answer; the same step may be done again.
            Stopped: the engine is closing.
            EngineError: it will never do this.
        """
        record = batch.record
        if record.collected:
            self._index(batch)
            return "read"
        if record.key is None:
            return self._send(batch)
        if record.batch_id is None:
            return self._settle(batch)
        if record.status not in ENDED:
            self._learn(batch, self._look(batch))
        if record.status not in ENDED:
            return "live"
        if record.status == "failed" and not record.output_file_id:
            return self._failed(batch)
        return self._collect(batch)

    def _send(self, batch: Batch) -> str:
        record = batch.record
        if batch.requests:
            batch.write_input(self._lines(batch.requests))
            batch.requests = ()
        if record.input_file_id is None:
            record.input_file_id = self._upload(batch)
        self._check()
        record.tries += 1
        record.key = f"{batch.folder.name}-{record.tries}"
        batch.save()
        try:
            found = self._api.create(record.input_file_id, record.key)
        except Failed as failure:
            if failure.nothing_done:
                self._uncreate(batch)
            raise
        except Denied as denied:
            self._uncreate(batch)
            batch.problem = str(denied)
            if is_full(f"{denied.code} {denied}"):
                return "full"
            raise EngineError(
                f"{self._api.url} refuses a batch of {len(batch.bodies)} requests ({denied}). Correct "
                "[generate.openai_batch], then run again."
            ) from denied
        self._learn(batch, found)
        return "created"

    def _upload(self, batch: Batch) -> str:
        try:
            return self._api.upload(batch.input, f"{batch.folder.name}.jsonl")
        except Denied as denied:
            size = batch.input.stat().st_size
            raise EngineError(
                f"{self._api.url} refuses a file of {len(batch.bodies)} requests and {size} bytes "
                f"({denied}). Lower `requests_per_batch` in [generate.openai_batch] if it is too large."
            ) from denied

    def _settle(self, batch: Batch) -> str:
        record = batch.record
        try:
            found = self._api.find(record.key or "")
        except Denied as denied:
            raise EngineError(
                f"{self._api.url} does not list its batches ({denied}), so it is not known whether the one "
                f"with the key {record.key} was created. Delete {batch.folder} if it was not, and run again."
            ) from denied
        now = time.monotonic()
        if found is not None:
            self._learn(batch, found)
            return "created"
        if batch.doubted_at is None:
            batch.doubted_at = now
        if now - batch.doubted_at < self._settings.poll_s:
            return "doubted"
        self._uncreate(batch)
        return "absent"

    def _look(self, batch: Batch) -> Mapping[str, Any]:
        try:
            return self._api.look(batch.record.batch_id or "")
        except Denied as denied:
            raise self._unknown(batch, f"batch {batch.record.batch_id}", denied) from denied

    def _collect(self, batch: Batch) -> str:
        for file_id, path in batch.downloads:
            if file_id is not None and not path.exists():
                self._check()
                try:
                    self._api.download(file_id, path, self._check)
                except Denied as denied:
                    raise self._unknown(batch, f"file {file_id}", denied) from denied
        self._index(batch)
        batch.record.collected = True
        batch.save()
        return "ended"

    def _index(self, batch: Batch) -> None:
        batch.results = Results([path for _, path in batch.downloads], batch.bodies)

    def _failed(self, batch: Batch) -> str:
        """It was not begun."""
        if is_full(batch.problem):
            self._uncreate(batch)
            return "full"
        return "failed"

    def _learn(self, batch: Batch, found: Mapping[str, Any]) -> None:
        """Keep what the API said; written only when it is news."""
        record, before = batch.record, asdict(batch.record)
        record.batch_id, record.status = found["id"], found["status"].lower()
        record.created_at = _number(found, "created_at") or record.created_at or time.time()
        record.output_file_id, record.error_file_id = found.get("output_file_id"), found.get("error_file_id")
        if record.status in ENDED:
            named = (_number(found, f"{word}_at") for word in ENDED)
            record.ended_at = next((at for at in named if at), time.time())
        batch.counts = found.get("request_counts") or {}
        batch.problem = _errors(found.get("errors"))
        if asdict(record) != before:
            batch.save()

    def _uncreate(self, batch: Batch) -> None:
        """The API certainly holds no such batch; its file may be used again."""
        record = batch.record
        record.key = record.batch_id = record.created_at = record.ended_at = None
        record.status = ""
        batch.doubted_at = None
        batch.save()

    def _unknown(self, batch: Batch, what: str, denied: Denied) -> EngineError:
        return EngineError(
            f"{self._api.url} does not give {what}, which it made for us ({denied}). Is the key another "
            f"project's? If it is gone, delete {batch.folder} and run again: its rollouts are made anew."
        )

    def _lines(self, requests: Sequence[Request]) -> Iterator[bytes]:
        for request in requests:
            self._check()
            yield self.line(request)[0]

    def _check(self) -> None:
        if self.closing.is_set():
            raise Stopped


def _number(found: Mapping[str, Any], key: str) -> float | None:
    value = found.get(key)
    return float(value) if isinstance(value, int | float) else None


def _errors(errors: object) -> str:
    """What is wrong with a batch, in one line: `{"data": [{"code": …, "message": …, "line": 3}, …]}`."""
    told_of = errors.get("data") if isinstance(errors, Mapping) else errors
    problems = []
    for error in told_of[:3] if isinstance(told_of, list) else []:
        message, code = told(error)
        line = error.get("line") if isinstance(error, Mapping) else None
        problems.append(
            f"line {line}: " * (line is not None) + message + f" ({code})" * (bool(code) and code != message)
        )
    return one_line("; ".join(problems))
