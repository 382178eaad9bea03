"""Questions in SQL over the catalog, read-only.

Exactly one SELECT runs, on a read-only connection that may open the current files of the lake and nothing
else: external access off, extensions off, no Python variables as tables, configuration locked. Each of these
alone leaks (a CTE that inserts is typed SELECT, `allowed_paths` alone lets COPY overwrite), so all are set.

What this does not protect against: a query that takes long, or, without `memory`, one that takes much of it.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import duckdb
import orjson
import polars as pl

from r1data import paths
from r1data.errors import QueryError
from r1data.lake import catalog, storage
from r1data.lake.lake import Lake
from r1data.schema import TABLES

QUESTIONS = paths.PROJECT / "sql" / "questions"
_ONE_SELECT = "Give exactly one SELECT statement; the corpus is changed by publishing, never by SQL."


@contextmanager
def connect(
    lake: Lake, *, memory: str | None = None, spill: str | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A locked-down connection to the catalog of a lake, which is written anew if another version of r1data
    made it.

    Args:
        lake: whose catalog.
        memory: what DuckDB may take at most, such as "1GB"; its own default without.
        spill: folder for what does not fit into that; beside the catalog without.

    Raises:
        QueryError: the lake has no catalog yet, or one of another version where none can be written.
    """
    if not lake.catalog_path.exists():
        raise QueryError(
            f"{lake.root} has no catalog yet. `r1data run` makes a night; after a move, `r1data lake "
            "catalog`."
        )
    if not catalog.is_current(lake.root):
        try:
            catalog.rebuild(lake.root)
        except PermissionError as error:
            raise QueryError(
                f"{lake.catalog_path} was made by another version of r1data and may not be written by you. "
                "Run `r1data lake catalog` as its owner, or query it with any DuckDB client."
            ) from error
    settings: dict[str, Any] = {
        "python_enable_replacements": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    settings |= {"memory_limit": memory} if memory else {}
    settings |= {"temp_directory": spill or f"{lake.catalog_path}.tmp"}
    # Attached to a database of its own: connections to one file would share settings and allowed paths.
    with duckdb.connect(config=settings) as connection:
        connection.execute(f"attach {catalog.literal(str(lake.catalog_path))} as catalog (read_only)")
        connection.execute("use catalog")
        if storage.is_s3(lake.root):
            connection.register_filesystem(storage.filesystem())
        files = ", ".join(catalog.literal(file) for file in catalog.files_named(connection, lake.root))
        connection.execute(f"set allowed_paths = [{files}]")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        yield connection


def one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    """The only statement of a text.

    Raises:
        QueryError: it is not exactly one SELECT, or cannot be parsed.
    """
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryError(message(error)) from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise QueryError(_ONE_SELECT)
    return statements[0]


def fetch(lake: Lake, sql: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """Run one SELECT and return its rows; `parameters` fill `$name`, and those it does not use are left
    aside.

    Raises:
        QueryError: not one SELECT, or DuckDB refuses it; the message is DuckDB's, which names near columns.
    """
    with connect(lake) as connection:
        return ask(connection, sql, parameters)


def ask(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    most: int | None = None,
) -> pl.DataFrame:
    """As `fetch`, on a connection that is open.

    Args:
        connection: of `connect`.
        sql: one SELECT.
        parameters: values of `$name`.
        most: rows at most, the first ones, for people to read: dates and the like are texts in them, since
            there are some that Polars has none for, such as infinity.

    Raises:
        QueryError: as `fetch` does.
    """
    wanted = one_select(connection, sql).named_parameters
    given = dict(parameters or {})
    if missing := sorted(wanted - set(given)):
        raise QueryError(
            f"The query needs {', '.join('$' + m for m in missing)}. Give each as --param name=value."
        )
    try:
        rows = connection.sql(sql, params={name: given[name] for name in wanted})
        return (rows if most is None else rows.limit(most).project(_readable(rows))).pl()
    except duckdb.Error as error:
        raise QueryError(message(error)) from error
    except pl.exceptions.PanicException as error:  # it is no Exception
        raise QueryError(f"Polars cannot hold a value of the answer: {error}. Cast it to varchar.") from error


def _readable(rows: duckdb.DuckDBPyRelation) -> str:
    """A list of all columns, those as texts whose values Polars may lack."""
    lacking = re.compile(r"DATE|TIME|INTERVAL|UNION|UHUGEINT")  # also within lists, structs and maps
    columns = zip(rows.columns, map(str, rows.types), strict=True)
    quoted = ((name.replace('"', '""'), kind) for name, kind in columns)
    return ", ".join(
        f'cast("{name}" as varchar) as "{name}"' if lacking.search(kind) else f'"{name}"'
        for name, kind in quoted
    )


def question(name: str) -> str:
    """The SQL of a file of `sql/questions/`, by its name without the suffix."""
    return (QUESTIONS / f"{name}.sql").read_text(encoding="utf-8")


def tables_read(sql: str) -> tuple[str, ...]:
    """Names of the lake's tables that a SELECT reads, itself or through views of `sql/views/`, sorted.

    Raises:
        QueryError: it cannot be parsed.
    """
    found, waiting, seen = set(), [sql], set()
    with duckdb.connect() as connection:
        while waiting:
            told = connection.execute("select json_serialize_sql(?)", [waiting.pop()]).fetchone()
            parsed = orjson.loads(told[0]) if told else {}
            if parsed.get("error", True):
                other = parsed.get("error_type") == "not implemented"  # it serialises SELECT alone
                raise QueryError(_ONE_SELECT if other else parsed["error_message"])
            for name in set(_named(parsed)) - seen:
                seen.add(name)
                view = catalog.VIEWS / f"{name}.sql"
                if name in TABLES:
                    found.add(name)
                elif view.is_file():
                    waiting.append(view.read_text(encoding="utf-8"))
    return tuple(sorted(found))


def message(error: duckdb.Error) -> str:
    """What DuckDB says of a statement, on one line; a syntax error keeps the number of its line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = " ".join(line for line in lines if not set(line) <= {"^", " "})
    if isinstance(error, duckdb.PermissionException):
        told += ". If the lake was moved, `r1data lake catalog` writes its catalog anew."
    named = re.match(r"Catalog Error: Table with name (\w+) does not exist", told)
    if named and (named[1] in TABLES or (catalog.VIEWS / f"{named[1]}.sql").is_file()):
        told = (
            f"The catalog was written by an r1data without {named[1]}. `r1data lake catalog` writes it anew."
        )
    return told


def _named(node: Any) -> Iterator[str]:
    """Names in every FROM below a node of a serialised statement, those of CTEs among them."""
    if isinstance(node, list):
        for inner in node:
            yield from _named(inner)
    elif isinstance(node, dict):
        if node.get("type") == "BASE_TABLE":
            yield node["table_name"].lower()
        for inner in node.values():
            yield from _named(inner)
