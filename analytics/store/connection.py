"""Open a database: read-write while loading, read-only and locked down everywhere else."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from analytics.errors import StoreError
from analytics.store.engine import Connection, opened, opened_pair, run
from analytics.store.migrations import prepare_tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def open_for_loading(path: Path) -> Iterator[Connection]:
    """Open a database read-write; make it, or bring its tables up to date, where needed.

    Parameters
    ----------
    path
        The database file. Its folder must exist.

    Yields
    ------
    Connection
        Closed on leaving. An open transaction is rolled back.

    Raises
    ------
    StoreError
        The file is busy, damaged, no database of calcpci, or newer than this program.
    """
    if not path.parent.is_dir():
        raise StoreError(where=str(path.parent), what="no such folder", fix="Make the folder first.")
    with opened(path, read_only=False) as connection:
        prepare_tables(connection, path)
        yield connection


@contextmanager
def open_snapshot(path: Path) -> Iterator[Connection]:
    """Open a snapshot or a database read-only, with no way to other files.

    Open one for each call: connections are not shared between threads. Opening costs about 15 ms, or nothing
    while another connection of this process holds the same file: a server may keep one open for as long as it
    serves a snapshot. Never keep a store open like that; its next load would have to wait.

    Parameters
    ----------
    path
        A published snapshot, or a database that nobody is loading into.

    Yields
    ------
    Connection
        Closed on leaving.

    Raises
    ------
    StoreError
        The file is missing, busy, damaged or newer than this program.
    """
    if not path.exists():
        raise StoreError(
            where=str(path), what="no such database", fix="Load a registry first with 'calcpci load'."
        )
    with opened(path, read_only=True) as connection:
        yield connection


@contextmanager
def open_to_publish(store: Path, snapshot: Path) -> Iterator[Connection]:
    """Open a store read-only and a new snapshot file beside it, for `analytics.store.publishing`.

    Parameters
    ----------
    store
        The store; nobody may be loading into it.
    snapshot
        A free path. What is written there is complete once the block is left.

    Yields
    ------
    Connection
        Plain names are those of the store; ``snapshot.main`` is the new file.
    """
    with opened_pair(store, snapshot) as connection:
        yield connection
        run(connection, "checkpoint snapshot")
