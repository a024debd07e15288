"""Ask an open database which tables and columns it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.store.engine import run

if TYPE_CHECKING:
    from analytics.store.engine import Connection

_COLUMNS_OF = """
select column_name
from duckdb_columns()
where not internal and schema_name = 'main' and table_name = ?
order by column_index
"""
_TABLES = (
    "select table_name from duckdb_tables() where not internal and schema_name = 'main' order by table_name"
)


def read_columns(connection: Connection, table: str) -> tuple[str, ...]:
    """Return the columns of a table in order; none if there is no such table."""
    return tuple(str(row[0]) for row in run(connection, _COLUMNS_OF, [table]))


def read_table_names(connection: Connection) -> tuple[str, ...]:
    """Return the names of the tables, sorted."""
    return tuple(str(row[0]) for row in run(connection, _TABLES))
