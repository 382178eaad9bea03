"""Where bytes go: a local folder, synced to the disk, or an S3 bucket.

Credentials come from the environment (`AWS_ACCESS_KEY_ID`, …) and are never written anywhere;
`AWS_ENDPOINT_URL` names another server than Amazon's.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4


def is_s3(root: str) -> bool:
    """Whether a lake's root is on S3."""
    return root.startswith("s3://")


def options(root: str) -> dict[str, str] | None:
    """Storage options that Polars and delta-rs take; None for a local folder."""
    if not is_s3(root):
        return None
    found = {
        "aws_region": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    }
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):
        found |= {"aws_endpoint_url": endpoint, "aws_allow_http": str(endpoint.startswith("http://")).lower()}
    return found


def filesystem() -> Any:
    """An s3fs file system without a cache of listings, so that another writer's files are seen."""
    import s3fs

    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    return s3fs.S3FileSystem(
        use_listings_cache=False,
        skip_instance_cache=True,
        client_kwargs={"endpoint_url": endpoint} if endpoint else {},
    )


def checksum(address: Path | str) -> str:
    """SHA-256 of the bytes of a local file or an `s3://` object, in hex.

    Raises:
        FileNotFoundError: there is no such file.
    """
    remote = is_s3(str(address))
    with filesystem().open(str(address), "rb") if remote else Path(address).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Flush a file, or a folder's list of entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def staging(root: str) -> Iterator[Path]:
    """A folder for files that are not published yet; for a local lake on the lake's own disk, so that a move
    is atomic.
    """
    parent = None if is_s3(root) else Path(root) / ".staging"
    if parent:
        parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-{uuid4().hex[:8]}-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put(staged: Path, table_root: str, relative: str) -> None:
    """Move a staged file to its place under a table, durably; a file that is there already has the same
    content.
    """
    if is_s3(table_root):
        filesystem().put_file(str(staged), f"{table_root}/{relative}")
        return
    target = Path(table_root) / relative
    missing = [folder for folder in (target.parent, *target.parent.parents) if not folder.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    sync(staged)
    staged.replace(target)
    sync(target.parent)
    for folder in missing:
        sync(folder.parent)


def delete(table_root: str, relative: str) -> None:
    """Remove a file that no version needs."""
    if is_s3(table_root):
        filesystem().rm_file(f"{table_root}/{relative}")
    else:
        (Path(table_root) / relative).unlink(missing_ok=True)
