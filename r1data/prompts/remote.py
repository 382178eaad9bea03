"""Files that are elsewhere, `s3://` or `hf://`, as files on this disk.

    with local("s3://bucket/prompts", owner="mine") as path:
        files_in(path, owner="mine")

They are copied once and then read as often as needed, so one night reads one state of them. What this does
not do: keep the copies; every look at a night fetches again, and the disk must hold them.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from r1data.errors import ConfigError, InputError, OfflineError, R1DataError, first_line
from r1data.lake import storage
from r1data.prompts.records import READERS
from r1data.text import nearest


def _hub() -> Any:
    from huggingface_hub import HfFileSystem

    return HfFileSystem(use_listings_cache=False, skip_instance_cache=True)


FILE_SYSTEMS: dict[str, Callable[[], Any]] = {"s3": storage.filesystem, "hf": _hub}
"""fsspec file systems by the beginning of an address."""

DIRECTIONS = {
    "s3": "Check AWS_ENDPOINT_URL and the network, or copy the files here and give their path.",
    "hf": "Check HF_ENDPOINT and the network, or copy the files here and give their path.",
}


def is_remote(path: str | None) -> bool:
    """Whether a recipe's path is an address such as `s3://bucket/file.jsonl`."""
    return "://" in (path or "")


@contextmanager
def local(path: str | None, *, owner: str) -> Iterator[str | None]:
    """The path itself if it is on this machine, else that of a copy, which is removed at the end.

    Errors that are raised inside name the address, not the copy.

    Raises:
        ConfigError: no file system has such addresses.
        InputError: there is nothing at the address, or it may not be read.
        OfflineError: nothing answers.
    """
    if path is None or not is_remote(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="r1data-") as folder:
        address = path.rstrip("/")
        copy, place = _fetch(address, Path(folder), owner)
        try:
            yield str(copy)
        except R1DataError as error:
            raise type(error)(str(error).replace(str(copy), place)) from error


def _fetch(address: str, folder: Path, owner: str) -> tuple[Path, str]:
    """Copy what is at an address into a folder; gives the copy and what it is called in errors."""
    scheme, _, rest = address.partition("://")
    if scheme not in FILE_SYSTEMS:
        raise ConfigError(f"`path` of `{owner}`: no addresses begin with {nearest(scheme, FILE_SYSTEMS)}")
    copy = folder / "copy" / (Path(rest).name or scheme)
    try:
        system = FILE_SYSTEMS[scheme]()
        root = system._strip_protocol(address)
        found = [root] if system.isfile(root) else sorted(system.find(root))
        # A name with `..` in it would be written outside of the copy.
        found = [file for file in found if ".." not in file.split("/")]
        wanted = [file for file in found if file == root or file.endswith(tuple(READERS))]
        for file in wanted:
            target = copy if file == root else copy / Path(file).relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            system.get_file(file, str(target))
    except FileNotFoundError:
        found, wanted = [], []
    except PermissionError as error:
        raise InputError(
            f"{address}: may not be read ({first_line(error)}). Credentials come from the environment."
        ) from error
    except Exception as error:  # each file system has its own errors for a server that does not answer
        raise OfflineError(
            f"{address}: nothing usable answers ({first_line(error)}). {DIRECTIONS[scheme]}"
        ) from error
    if not wanted:
        what = f"no file here ends in {', '.join(READERS)}" if found else "there is no such file or folder"
        raise InputError(f"{address}: {what}. It is the `path` of `{owner}`.")
    return copy, address
