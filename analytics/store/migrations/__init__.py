"""Bring the tables of a database up to date: numbered steps, and `tables.sql` for the canonical tables."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import StoreError
from analytics.store.engine import Connection, fetch_frame, open_scratch, run, transaction
from analytics.store.statements import quote_name

if TYPE_CHECKING:
    from pathlib import Path

STEPS: tuple[str, ...] = (
    "0001_ledger.sql",
    "0002_withdrawals.sql",
    "0003_original_texts.sql",
    "0004_rule_results.sql",
)
"""Migrations in order; the version of a database is how many of them it has seen."""

COLUMNS_QUERY = """
select table_name, column_name, data_type
from duckdb_columns()
where not internal and schema_name = 'main'
order by table_name, column_index
"""
_VERSIONS_TABLE = "create table schema_version (version bigint not null)"
_HIGHEST_VERSION = "select coalesce(max(version), 0) from schema_version"


def prepare_tables(connection: Connection, path: Path) -> None:
    """Create what is missing, in one transaction; change nothing in a database that is up to date.

    Parameters
    ----------
    connection
        Read-write.
    path
        The file, for messages.

    Raises
    ------
    StoreError
        The file is a snapshot, holds tables of something else, or comes from a newer calcpci.
    """
    present = fetch_frame(connection, COLUMNS_QUERY)
    version = _read_version(connection, present, path)
    with transaction(connection):
        if version is None:
            run(connection, _VERSIONS_TABLE)
        for number, step in enumerate(STEPS, start=1):
            if number > (version or 0):
                _run_script(connection, files(__package__).joinpath(step).read_text("utf-8"))
                run(connection, "insert into schema_version (version) values (?)", [number])
        _add_canonical_columns(connection, present, path)


def read_canonical_columns() -> pl.DataFrame:
    """Return table_name, column_name and data_type of the canonical tables, in order, from `tables.sql`."""
    ddl = files("analytics.store").joinpath("tables.sql").read_text("utf-8")
    with open_scratch() as scratch:
        _run_script(scratch, ddl)
        return fetch_frame(scratch, COLUMNS_QUERY)


def _read_version(connection: Connection, present: pl.DataFrame, path: Path) -> int | None:
    """Tell how many steps the database has seen, or None for an empty file."""
    names = set(present["table_name"])
    if not names:
        return None
    if "schema_version" not in names:
        kind = "a published snapshot" if "snapshot_info" in names else "a database of another program"
        raise StoreError(where=str(path), what=f"{kind}, not a store", fix="Name another file for the store.")
    version = int(str(run(connection, _HIGHEST_VERSION)[0][0]))
    if version > len(STEPS):
        raise StoreError(
            where=str(path),
            what=f"made by a newer calcpci (store version {version}, known here: {len(STEPS)})",
            fix="Install that version of calcpci.",
        )
    return version


def _run_script(connection: Connection, script: str) -> None:
    """Run the statements of a script, one after the other."""
    for statement in connection.extract_statements(script):
        connection.execute(statement).fetchall()


def _add_canonical_columns(connection: Connection, present: pl.DataFrame, path: Path) -> None:
    """Create canonical tables and columns that the database does not have yet; refuse a changed type."""
    wanted = read_canonical_columns()
    _require_same_types(present, wanted, path)
    missing = wanted.join(present, on=["table_name", "column_name"], how="anti", maintain_order="left")
    for (table,), columns in missing.group_by(["table_name"], maintain_order=True):
        name = quote_name(str(table))
        definitions = [f"{quote_name(column)} {kind}" for _, column, kind in columns.iter_rows()]
        if table in present["table_name"]:
            for definition in definitions:
                run(connection, f"alter table {name} add column {definition}")
        else:
            run(connection, f"create table {name} ({', '.join(definitions)})")


def _require_same_types(present: pl.DataFrame, wanted: pl.DataFrame, path: Path) -> None:
    """Refuse a database whose columns hold another type than this program reads."""
    both = wanted.join(present, on=["table_name", "column_name"], how="inner", suffix="_present")
    changed = both.filter(pl.col("data_type") != pl.col("data_type_present"))
    if changed.height:
        names = ", ".join(f"{row[0]}.{row[1]}" for row in changed.iter_rows())
        raise StoreError(
            where=str(path),
            what=f"columns of another type than this version of calcpci stores ({names})",
            fix="Load the archived files into a new store.",
        )
