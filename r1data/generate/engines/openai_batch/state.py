"""What is known of the batches of one API and model, on disk, so that a kill neither loses nor repeats one.

    <home>/batches/<digest of url and model>/lock
    <home>/batches/<digest …>/<batch>/input.jsonl     the requests, as they are uploaded
                                      batch.json      what the API was asked and said; see `Record`
                                      results.jsonl   what came back, as downloaded
                                      errors.jsonl
                                      handed          rollout ids whose completion is safe elsewhere

The order of writing is what keeps the promise: the input is on the disk before anything is sent, and the
record, with a key that the batch carries in its metadata, before the API is asked to create it. A folder
whose record names no key was never created there, and is deleted.
"""

import fcntl
import logging
import os
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from r1data import ids, paths
from r1data.errors import InputError, RunInProgress
from r1data.generate.engine import Request
from r1data.generate.engines.openai_batch.line import Results
from r1data.lake import storage

KEEP_S = 30 * 86400.0
"""A batch with completions that nobody asks for is forgotten after so long, as the API forgets its files."""
ENDED = ("completed", "expired", "cancelled", "failed")
"""States of a batch in which the API does nothing more for it."""

log = logging.getLogger("r1data")


@dataclass
class Record:
    """What the API was asked and said: the file batch.json."""

    made_at: float
    """When it was put together, in seconds since 1970."""
    retries: dict[str, int] = field(default_factory=dict)
    """How often a request was in a batch before, by rollout id; those that never were are left out."""
    input_file_id: str | None = None
    key: str | None = None
    """Key in the metadata of the batch; None while the API certainly holds no such batch."""
    tries: int = 0
    """How often the API was asked to create it."""
    batch_id: str | None = None
    """None with a key: it is not known whether the API created it."""
    status: str = ""
    created_at: float | None = None
    ended_at: float | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    collected: bool = False
    """It has ended, and what came back is on the disk here."""


@dataclass(eq=False)
class Batch:
    """One batch: what is on the disk, and what this process knows beside it."""

    folder: Path
    bodies: dict[str, str]
    """Digest of the body of every request, by rollout id."""
    record: Record
    handed: set[str] = field(default_factory=set)
    """Requests that need nothing more of this batch, because what became of them is safe elsewhere."""
    wanted: set[str] = field(default_factory=set)
    """Requests that were asked for in this process and have not come back from this batch."""
    earlier: list[tuple["Batch", str]] = field(default_factory=list)
    """Batches that its requests were in before; those are done with them once this one exists."""
    results: Results | None = None
    counts: Mapping[str, Any] = field(default_factory=dict)
    """How many of its requests the API completed, and how many failed."""
    problem: str = ""
    """Why the API does not want it, in one line."""
    requests: Sequence[Request] = ()
    """What it is made of, until that is written."""
    job: Future[str] | None = None
    """What is being done about it."""
    due_at: float = 0.0
    """Nothing is done about it before, by the monotonic clock; infinite while it waits for another batch."""
    doubted_at: float | None = None
    """When it was first not found at the API, by the monotonic clock."""
    alone: int = 0
    """How often the API's queue was too full for it though no other batch of ours was there."""

    @property
    def elapsed_s(self) -> float:
        """Seconds from creation to the end."""
        record = self.record
        return max(0.0, (record.ended_at or time.time()) - (record.created_at or record.made_at))

    def write_input(self, lines: Iterable[bytes]) -> None:
        """Write the file of requests; when this returns, it is on the disk."""
        with self.input.open("wb") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        storage.sync(self.folder)
        storage.sync(self.folder.parent)

    def save(self) -> None:
        """Write the record; when this returns, it is on the disk."""
        new = self.folder / "batch.json.new"
        new.write_bytes(orjson.dumps(asdict(self.record)))
        storage.sync(new)
        new.replace(self.folder / "batch.json")
        storage.sync(self.folder)

    def hand(self, rollout_ids: Iterable[str]) -> bool:
        """Note requests that need nothing more of this batch; returns whether none is left.

        Nothing is synced: what is forgotten here is only kept for longer.
        """
        new = [name for name in rollout_ids if name not in self.handed]
        with (self.folder / "handed").open("a", encoding="utf-8") as file:
            file.writelines(f"{name}\n" for name in new)
        self.handed.update(new)
        return len(self.handed) == len(self.bodies)

    def drop(self) -> None:
        """Delete its folder; the record goes first, so that a kill leaves no record without its input."""
        (self.folder / "batch.json").unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def input(self) -> Path:
        """The file of requests."""
        return self.folder / "input.jsonl"

    @property
    def downloads(self) -> list[tuple[str | None, Path]]:
        """File ids at the API, and where these files are kept; completions first."""
        record = self.record
        return [
            (record.output_file_id, self.folder / "results.jsonl"),
            (record.error_file_id, self.folder / "errors.jsonl"),
        ]


class BatchStore:
    """The folder of one API and model; one process holds it at a time."""

    def __init__(self, url: str, model: str) -> None:
        self.folder = paths.home() / "batches" / ids.digest(url, model)
        self._fd = -1

    def open(self) -> list[Batch]:
        """Lock the folder, and read every batch that the API may hold.

        Raises:
            RunInProgress: another process has it open.
            InputError: a record cannot be read.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.close()
            raise RunInProgress(
                f"Another process runs batches of this model: it holds {self.folder / 'lock'}. Wait for it, "
                "or stop it."
            ) from error
        try:
            folders = sorted(path for path in self.folder.iterdir() if path.is_dir())
            return [batch for folder in folders if (batch := _read(folder)) is not None]
        except BaseException:
            self.close()
            raise

    def new(self, requests: Sequence[Request], bodies: dict[str, str], retries: dict[str, int]) -> Batch:
        """A batch that is not on the disk yet, except for its folder."""
        name = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{uuid4().hex[:12]}"
        (self.folder / name).mkdir()
        return Batch(
            self.folder / name, bodies, Record(time.time(), retries), wanted=set(bodies), requests=requests
        )

    def close(self) -> None:
        """Give the folder back."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _read(folder: Path) -> Batch | None:
    """A batch, or None when there is nothing more to get from it, which deletes it."""
    file = folder / "batch.json"
    try:
        record = Record(**orjson.loads(file.read_bytes())) if file.exists() else Record(0.0)
        bodies = _bodies(folder / "input.jsonl") if record.key else {}
    except (ValueError, TypeError, KeyError, FileNotFoundError) as error:
        raise InputError(
            f"{folder} cannot be read ({error}). Move it away and run again: what is in it is made anew."
        ) from error
    batch = Batch(folder, bodies, record)
    handed = folder / "handed"
    if handed.exists():  # its last line may be cut off
        batch.handed = set(handed.read_text(encoding="utf-8").split()) & bodies.keys()
    old = record.key is not None and time.time() - record.made_at > KEEP_S
    if old:
        log.info("batch %s is 30 days old, and nobody asked for what is left of it: forgotten", folder.name)
    if old or record.key is None or len(batch.handed) == len(bodies):
        batch.drop()
        return None
    return batch


def _bodies(file: Path) -> dict[str, str]:
    with file.open("rb") as lines:
        return {line["custom_id"]: ids.digest(line["body"]) for line in map(orjson.loads, lines)}
