"""Check what is stored against what was published, and mend what can be mended.

Half of single bit flips in a Parquet file read back silently wrong; a file's name is its checksum, so they
are found.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from r1data.lake import delta, storage
from r1data.lake.lake import Lake
from r1data.schema import TABLES


@dataclass(frozen=True)
class Damage:
    """One thing that is not as it was published."""

    table: str
    path: str
    """File or log entry, as an address."""
    problem: str
    """One of missing, changed, torn."""


def verify(lake: Lake) -> Iterator[Damage]:
    """Compare every file of every table's newest version with its checksum."""
    for table in TABLES:
        root = lake.table_root(table)
        if torn := delta.torn_entry(root):
            yield Damage(table, str(torn), "torn")
            continue
        for file in delta.files(delta.open_table(root)):
            problem = _problem(f"{root}/{file.path}", file.sha256)
            if problem:
                yield Damage(table, f"{root}/{file.path}", problem)


def repair(lake: Lake) -> list[Path]:
    """Set torn log entries aside (`*.torn`), so that the version before them is the newest again."""
    mended = []
    for table in TABLES:
        torn = delta.torn_entry(lake.table_root(table))
        if torn:
            aside = torn.with_suffix(".torn")
            torn.replace(aside)
            storage.sync(aside.parent)
            mended.append(aside)
    if mended:
        lake.rebuild_catalog()
    return mended


def _problem(address: str, checksum: str) -> str | None:
    try:
        found = storage.checksum(address)
    except FileNotFoundError:
        return "missing"
    return None if found == checksum else "changed"
