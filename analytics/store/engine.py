"""The one module that imports DuckDB: settings, errors, and the few calls that everything else is made of.

DuckDB's own error texts may quote cell values, so none of them leaves this
package: each becomes a `StoreError` of one line.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from analytics.errors import StoreError
from analytics.store.statements import quote_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Connection = duckdb.DuckDBPyConnection
"""An open DuckDB connection; belongs to one call in one thread."""

DatabaseError = duckdb.Error
"""Any error of DuckDB. Its text may hold cell values: never show or log it."""

LOCKED_DOWN: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
    "allow_community_extensions": False,
    "lock_configuration": True,
}
"""No other file, no network, no extension, and no statement can change that."""

# One set for every reader: DuckDB refuses a second open of a file in one process with other settings.
# Counts by stratum, day and cause need no hashing in a table addressed by their codes, up to 2 to the power
# of 24 cells; measured on 2.2 million cells it takes no more memory than hashing.
READER_SETTINGS = LOCKED_DOWN | {"memory_limit": "1GB", "threads": 2, "perfect_ht_threshold": 24}

_CAUSES: tuple[tuple[str, str, str], ...] = (
    (
        "could not set lock",
        "in use by another process",
        "Close that program, or wait until its load is done.",
    ),
    ("different configuration", "in use by this program", "Wait until the load is done."),
    ("does not exist", "no such database", "Load a registry first with 'calcpci load'."),
    ("not a valid duckdb", "not a DuckDB database", "Name the file that 'calcpci load' wrote."),
    ("is a directory", "a folder, not a database", "Name the file that 'calcpci load' wrote."),
    ("version number", "written by a newer DuckDB", "Install the version of calcpci that wrote it."),
    ("storage version", "written by a newer DuckDB", "Install the version of calcpci that wrote it."),
    ("permission denied", "no permission to open it", "Ask its owner for access."),
    ("corrupt", "damaged", "Restore a copy, or load the archived files again."),
    ("could not read", "damaged", "Restore a copy, or load the archived files again."),
    ("checksum", "damaged", "Restore a copy, or load the archived files again."),
)


def explain_database_error(path: Path, error: Exception) -> StoreError:
    """Turn an error of DuckDB into one line that quotes nothing of its text.

    Parameters
    ----------
    path
        The database file.
    error
        What DuckDB raised. Only its kind is used.

    Returns
    -------
    StoreError
        To be raised ``from None``, so that DuckDB's text stays out of the traceback.
    """
    text = str(error).lower()
    for sign, what, fix in _CAUSES:
        if sign in text:
            return StoreError(where=str(path), what=what, fix=fix)
    return StoreError(
        where=str(path),
        what=f"the database refused the operation ({type(error).__name__})",
        fix="Nothing was changed; run 'calcpci status' to see whether the file can be read.",
    )


@contextmanager
def opened(path: Path, *, read_only: bool) -> Iterator[Connection]:
    """Connect, translate whatever DuckDB raises meanwhile, and close.

    Parameters
    ----------
    path
        The database file.
    read_only
        True for readers; False creates the file where there is none.

    Yields
    ------
    Connection
        With everything outside this file locked away.

    Raises
    ------
    StoreError
        In place of any error of DuckDB.
    """
    settings = READER_SETTINGS if read_only else LOCKED_DOWN
    connection: Connection | None = None
    try:
        # The real path: a second name of the same file would count as another database.
        connection = duckdb.connect(path.resolve(), read_only=read_only, config=settings)
        yield connection
    except DatabaseError as error:
        raise explain_database_error(path, error) from None
    finally:
        if connection is not None:
            connection.close()


@contextmanager
def opened_pair(store: Path, snapshot: Path) -> Iterator[Connection]:
    """Connect to a store and to a new file at once, so that rows go over without leaving the engine.

    Parameters
    ----------
    store
        An existing database, attached read-only as ``store``.
    snapshot
        A free path; the new file is attached as ``snapshot``.

    Yields
    ------
    Connection
        With everything outside these two files locked away. Plain names of tables mean those of the store
        until another ``use``.

    Raises
    ------
    StoreError
        In place of any error of DuckDB.
    """
    connection: Connection | None = None
    try:
        connection = duckdb.connect(":memory:")
        run(connection, f"attach {quote_text(str(store.resolve()))} as store (read_only)")
        run(connection, f"attach {quote_text(str(snapshot.resolve()))} as snapshot")
        for name, value in LOCKED_DOWN.items():
            run(connection, f"set {name} = {str(value).lower()}")
        run(connection, "use store")
        yield connection
    except DatabaseError as error:
        raise explain_database_error(store, error) from None
    finally:
        if connection is not None:
            connection.close()


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """Run a block as one transaction: all of it, or nothing."""
    run(connection, "begin transaction")
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    run(connection, "commit")


@contextmanager
def open_scratch() -> Iterator[Connection]:
    """Open an empty database in memory, under the same restrictions."""
    connection = duckdb.connect(":memory:", config=LOCKED_DOWN)
    try:
        yield connection
    finally:
        connection.close()


def run(connection: Connection, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
    """Run one statement and fetch all of its rows.

    Fetching all matters: DuckDB streams, and an unread result keeps the connection busy.
    """
    return connection.execute(sql, list(parameters)).fetchall()


def fetch_frame(connection: Connection, sql: str, parameters: Sequence[object] = ()) -> pl.DataFrame:
    """Run one query and return its rows as a polars frame."""
    relation = connection.sql(sql, params=list(parameters)) if parameters else connection.sql(sql)
    frame: pl.DataFrame = relation.pl()
    return frame


@contextmanager
def registered(connection: Connection, frame: object) -> Iterator[str]:
    """Show a frame or an Arrow reader to SQL for a while, under the yielded table name."""
    name = "incoming_rows"
    connection.register(name, frame)
    try:
        yield name
    finally:
        connection.unregister(name)
