"""Recipes and nights of a lake, which every tab lets people choose from."""

from r1data.lake import Lake, delta


def places(lake: Lake, *tables: str) -> list[tuple[str, str]]:
    """Recipes and nights that have a partition of one of the tables, the latest night first."""
    found = set().union(*(_partitions(lake, table) for table in tables))
    return sorted(found, key=lambda place: (place[1], place[0]), reverse=True)


def _partitions(lake: Lake, table: str) -> set[tuple[str, str]]:
    files = delta.files(delta.open_table(lake.table_root(table)))
    return {(file.partition["recipe"], file.partition["night"]) for file in files}
