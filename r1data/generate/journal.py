"""A journal of finished rollouts that are not published yet: append-only, framed, checksummed.

One `fdatasync` per batch. A process that is killed, or a machine that loses power, loses no batch whose
`append` returned; a torn tail is cut when the journal is opened. A record is

    length (4 bytes, little-endian) · XXH3-64 of the payload (8 bytes) · payload (one row, as JSON)

A journal lives on a local disk, also when the lake does not.
"""

import fcntl
import os
import struct
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Self

import orjson
import xxhash

from r1data import paths
from r1data.errors import InputError, RunInProgress, StorageError
from r1data.ids import digest
from r1data.lake import storage

MAGIC = b"r1data journal 1\n"
_HEAD = struct.Struct("<IQ")

Row = dict[str, Any]


def journal_path(lake: str, recipe: str, night: str, teacher_id: str) -> Path:
    """Where the journal of a night is: one per lake, recipe, night and teacher."""
    return paths.home() / "journals" / digest(lake)[:12] / recipe / f"{night}-{teacher_id}.journal"


class Journal:
    """An open journal; one process holds it at a time.

    Attributes:
        n_rows: rows that it holds.
        n_bytes: bytes that these take.
    """

    def __init__(self, path: Path) -> None:
        """Open or create; a torn tail is cut.

        Raises:
            RunInProgress: another process has it open.
            InputError: the file is no journal.
        """
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._lock()
            self.n_rows, self._end = 0, 0
            if self._begun():
                self._end = len(MAGIC)
                for payload in self._whole():
                    self.n_rows += 1
                    self._end += _HEAD.size + len(payload)
            self._cut(self._end)
            if self._end == 0:
                self._write(MAGIC)
                storage.sync(path.parent)
        except BaseException:
            os.close(self._fd)
            raise

    @property
    def n_bytes(self) -> int:
        """Bytes that its rows take."""
        return self._end - len(MAGIC)

    def append(self, rows: Iterable[Row]) -> None:
        """Write rows; when this returns, they are on the disk.

        Raises:
            StorageError: the disk does not take them; what was appended before is whole.
        """
        payloads = [orjson.dumps(row) for row in rows]
        if payloads:
            self._write(b"".join(part for payload in payloads for part in (_head(payload), payload)))
            self.n_rows += len(payloads)

    def rows(self) -> Iterator[bytes]:
        """The rows as JSON, read from the disk one at a time, in the order in which they were appended."""
        return islice(self._whole(), self.n_rows)

    def clear(self) -> None:
        """Forget every row, once they are published."""
        self._cut(len(MAGIC))
        os.fdatasync(self._fd)
        self.n_rows = 0

    def remove(self) -> None:
        """Delete the file, once everything is published, and close."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Give the journal back; the file stays."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunInProgress(
                f"Another process is making these rollouts: it holds {self.path}. Wait for it, or stop it."
            ) from error
        if not os.path.exists(self.path) or os.fstat(self._fd).st_ino != os.stat(self.path).st_ino:
            raise RunInProgress(f"Another process has just finished these rollouts ({self.path}). Run again.")

    def _begun(self) -> bool:
        """Whether it has its first line; the process that created it may have died before."""
        start = os.pread(self._fd, len(MAGIC), 0)
        if not MAGIC.startswith(start):
            raise InputError(f"{self.path} is no journal of rollouts. Move it away and run again.")
        return start == MAGIC

    def _whole(self) -> Iterator[bytes]:
        """The payloads up to the first that is cut off or damaged."""
        with self.path.open("rb") as stream:
            stream.seek(len(MAGIC))
            while len(head := stream.read(_HEAD.size)) == _HEAD.size:
                length, checksum = _HEAD.unpack(head)
                payload = stream.read(length)
                if len(payload) < length or xxhash.xxh3_64_intdigest(payload) != checksum:
                    return
                yield payload

    def _cut(self, end: int) -> None:
        os.ftruncate(self._fd, end)
        os.lseek(self._fd, end, os.SEEK_SET)
        self._end = end

    def _write(self, content: bytes) -> None:
        view = memoryview(content)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
            os.fdatasync(self._fd)
        except OSError as error:
            self._cut(self._end)
            raise StorageError(
                f"{self.path} cannot be written: {error.strerror}. Make room and run again; rollouts that "
                "had not been kept are made again."
            ) from error
        self._end += len(content)


def _head(payload: bytes) -> bytes:
    return _HEAD.pack(len(payload), xxhash.xxh3_64_intdigest(payload))
