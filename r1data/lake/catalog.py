"""The catalog: one DuckDB file whose views are the lake's tables and the queries of `sql/views/`.

Any DuckDB client opens it, without r1data and without an extension:

    duckdb dagster_home/lake/catalog.duckdb "select * from funnel"

A local lake has it beside its tables; that of an `s3://` lake lives in `dagster_home/`, and `r1data sql`
serves it.
"""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import duckdb
import polars as pl
from filelock import FileLock

from r1data import __version__, ids, paths
from r1data.errors import SchemaError, first_line
from r1data.lake import delta, storage
from r1data.schema import TABLES, Table
from r1data.schema.table import Dtype

VIEWS = paths.PROJECT / "sql" / "views"
COMPATIBILITY = "v1.0.0"
"""Oldest DuckDB that can open the file."""

_MADE_OF = "internal.made_of"
"""What every view of a table was made of, as a digest by its name; under the name `""`, what all were."""

_TYPES: Mapping[Dtype, str] = {
    pl.String: "varchar",
    pl.Int16: "smallint",
    pl.Int32: "integer",
    pl.Int64: "bigint",
    pl.Float64: "double",
    pl.Boolean: "boolean",
    pl.Binary: "blob",
    pl.Datetime("us", "UTC"): "timestamptz",
}


def path(root: str) -> Path:
    """Where the catalog of the lake at `root` is."""
    if storage.is_s3(root):
        return paths.home() / f"catalog-{ids.digest(root)[:12]}.duckdb"
    return Path(root) / "catalog.duckdb"


def rebuild(root: str, *, anew: bool = True) -> Path:
    """Write the catalog over the newest versions and put it in place atomically; one writer at a time.

    Without `anew`, views of the catalog in place whose tables have the same files are taken over: to describe
    a table, DuckDB reads the footer of each of its files.
    """
    target = path(root)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    with FileLock(target.with_name(f".{target.name}.lock")):
        fresh.unlink(missing_ok=True)
        definition = _definition(root)
        taken_over = None if anew else _taken_over(target, fresh, definition)
        with taken_over or _open(fresh) as connection:
            if storage.is_s3(root):
                connection.register_filesystem(storage.filesystem())
            _create_table_views(connection, root)
            if not taken_over:
                _create_views(connection, VIEWS)
                _note(connection, "", definition)
        fresh.replace(target)
    return target


def is_current(root: str) -> bool:
    """Whether the catalog in place was made by this version of r1data, with these tables and views."""
    with duckdb.connect(path(root), read_only=True) as connection:
        try:
            return _noted(connection).get("") == _definition(root)
        except duckdb.CatalogException:  # versions before noted nothing
            return False


def files_named(connection: duckdb.DuckDBPyConnection, root: str) -> list[str]:
    """Addresses of the files of the lake at `root` that the views of an attached `catalog` read.

    They may be those of the versions before: a publish writes the catalog after its commit.
    """
    query = "select sql from duckdb_views() where database_name = 'catalog'"
    views = "\n".join(sql for (sql,) in connection.execute(query).fetchall())
    named = {file.replace("''", "'") for file in re.findall(r"'((?:[^']|'')*\.parquet)'", views)}
    return sorted(file for file in named if file.startswith(f"{root}/"))


def sql_type(dtype: Dtype) -> str:
    """The DuckDB type of a Polars dtype."""
    if isinstance(dtype, pl.List):
        return f"{sql_type(dtype.inner)}[]"
    if isinstance(dtype, pl.Struct):
        return "struct(" + ", ".join(f'"{f.name}" {sql_type(f.dtype)}' for f in dtype.fields) + ")"
    return _TYPES[dtype]


def literal(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def _open(file: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(file, config={"storage_compatibility_version": COMPATIBILITY})


def _definition(root: str) -> str:
    """A digest of all that views are made of but the files of the lake."""
    tables = [
        (table.name, table.doc, table.partition_by, [(c.name, sql_type(c.dtype)) for c in table.columns])
        for table in TABLES.values()
    ]
    views = [(file.name, file.read_text(encoding="utf-8")) for file in sorted(VIEWS.glob("*.sql"))]
    return ids.digest(__version__, root, tables, views)


def _taken_over(target: Path, fresh: Path, definition: str) -> duckdb.DuckDBPyConnection | None:
    """A copy of the catalog in place; None if that is missing, damaged or of another definition."""
    try:
        shutil.copyfile(target, fresh)
        connection = _open(fresh)
        if _noted(connection).get("") == definition:
            return connection
        connection.close()
    except (FileNotFoundError, duckdb.Error):
        pass
    fresh.unlink(missing_ok=True)
    return None


def _noted(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return dict(connection.execute(f"from {_MADE_OF}").fetchall())


def _note(connection: duckdb.DuckDBPyConnection, name: str, digest: str) -> None:
    connection.execute(f"insert or replace into {_MADE_OF} values (?, ?)", [name, digest])


def _create_table_views(connection: duckdb.DuckDBPyConnection, root: str) -> None:
    """Create the view of every table that is not noted as made of the table's current files."""
    connection.execute("create schema if not exists internal")
    connection.execute(f"create table if not exists {_MADE_OF} (name varchar primary key, digest varchar)")
    noted = _noted(connection)
    for table in TABLES.values():
        found = delta.files(delta.open_table(f"{root}/{table.name}"))
        digest = ids.digest([file.path for file in found])
        if noted.get(table.name) != digest:
            _create_table_view(connection, root, table, found)
            _note(connection, table.name, digest)


def _create_table_view(
    connection: duckdb.DuckDBPyConnection, root: str, table: Table, found: list[delta.DataFile]
) -> None:
    if found:
        files = ", ".join(literal(f"{root}/{table.name}/{file.path}") for file in found)
        hive = ", ".join(f"'{name}': varchar" for name in table.partition_by)
        options = f"hive_partitioning = true, hive_types = {{{hive}}}, union_by_name = true"
        source = f"read_parquet([{files}], {options})"
        have = {name for name, *_ in connection.execute(f"describe from {source}").fetchall()}
        # A column that was added to the table since is in no file yet.
        values = ((f'"{c.name}"' if c.name in have else "null", c) for c in table.columns)
        columns = ", ".join(f'cast({value} as {sql_type(c.dtype)}) as "{c.name}"' for value, c in values)
        query = f"select {columns} from {source}"
    else:
        columns = ", ".join(f'cast(null as {sql_type(c.dtype)}) as "{c.name}"' for c in table.columns)
        query = f"select {columns} where false"
    connection.execute(f'create or replace view "{table.name}" as {query}')
    connection.execute(f'comment on view "{table.name}" is {literal(table.doc)}')


def _create_views(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Create one view per file; files may refer to one another in any order."""
    waiting = sorted(folder.glob("*.sql"))
    while waiting:
        failed: dict[Path, str] = {}
        for file in waiting:
            query = file.read_text(encoding="utf-8").strip().rstrip(";")
            try:
                connection.execute(f'create view "{file.stem}" as {query}')
            except duckdb.CatalogException as error:  # perhaps it reads a view that comes later
                failed[file] = first_line(error)  # the error itself would keep its callers' frames
        if len(failed) == len(waiting):
            file, problem = next(iter(failed.items()))
            raise SchemaError(f"{file.name} is no valid view: {problem}")
        waiting = list(failed)
