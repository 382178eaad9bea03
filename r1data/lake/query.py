"""Questions in SQL over the catalog, read-only.

Exactly one SELECT runs, on a read-only connection that may open the current files of the lake and nothing
else: external access off, extensions off, no Python variables as tables, configuration locked. Each of these
alone leaks (a CTE that inserts is typed SELECT, `allowed_paths` alone lets COPY overwrite), so all are set.

What this does not protect against: a query that takes long or much memory.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import duckdb
import polars as pl

from r1data.errors import QueryError
from r1data.lake import catalog, storage
from r1data.lake.lake import Lake


@contextmanager
def connect(lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    """A locked-down connection to the catalog of a lake.

    Raises:
        QueryError: the lake has no catalog yet.
    """
    if not lake.catalog_path.exists():
        raise QueryError(
            f"{lake.root} has no catalog yet. `r1data run` makes a night; after a move, `r1data lake "
            "catalog`."
        )
    settings = {
        "python_enable_replacements": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with duckdb.connect(lake.catalog_path, read_only=True, config=settings) as connection:
        if storage.is_s3(lake.root):
            connection.register_filesystem(storage.filesystem())
        files = ", ".join(catalog.literal(file) for file in catalog.current_files(lake.root))
        connection.execute(f"set allowed_paths = [{files}]")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        yield connection


def fetch(lake: Lake, sql: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """Run one SELECT and return its rows; `parameters` fill `$name`, and those it does not use are left
    aside.

    Raises:
        QueryError: not one SELECT, or DuckDB refuses it; the message is DuckDB's, which names near columns.
    """
    with connect(lake) as connection:
        try:
            statements = connection.extract_statements(sql)
        except duckdb.Error as error:
            raise QueryError(_message(error)) from error
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise QueryError(
                "Give exactly one SELECT statement; the corpus is changed by publishing, never by SQL."
            )
        wanted = statements[0].named_parameters
        given = dict(parameters or {})
        if missing := sorted(wanted - set(given)):
            raise QueryError(
                f"The query needs {', '.join('$' + m for m in missing)}. Give each as --param name=value."
            )
        try:
            used = {name: given[name] for name in wanted}
            return connection.sql(sql, params=used).pl()
        except duckdb.Error as error:
            raise QueryError(_message(error)) from error


def _message(error: duckdb.Error) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = " ".join(line for line in lines if not set(line) <= {"^", " "})
    if isinstance(error, duckdb.PermissionException):
        told += ". If the lake was moved, `r1data lake catalog` writes its catalog anew."
    return told
