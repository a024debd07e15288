"""What a store knows of earlier submissions, for rules that compare a new one with the past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from analytics.store.connection import open_snapshot
from analytics.store.engine import fetch_frame
from analytics.store.statements import CANONICAL_TABLES, placeholders, quote_name, quote_names
from schemas.registry import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from analytics.store.engine import Connection

_COMPARED = ("sites", "patients", "procedures", "lesions", "device_uses", "complications")


@dataclass(frozen=True, eq=False)
class EarlierSubmissions:
    """Rows and keys of what is loaded.

    Parameters
    ----------
    rows
        Accepted rows by table, without the submissions that are about to be replaced; empty tables where
        nothing is left. Canonical columns; a site or patient that was sent again stands once, as sent last.
    replaced_keys
        Primary keys of the submissions that are about to be replaced, by table.
    """

    rows: Mapping[str, pl.DataFrame]
    replaced_keys: Mapping[str, pl.Series]


def read_earlier(path: Path, *, replaced: Sequence[str] = ()) -> EarlierSubmissions:
    """Read what earlier submissions said.

    Parameters
    ----------
    path
        The store.
    replaced
        Submissions that the new one will supersede.

    Raises
    ------
    StoreError
        The store cannot be read.
    """
    with open_snapshot(path) as connection:
        rows = {name: _read_rows(connection, name, replaced) for name in _COMPARED}
        keys = {name: _read_keys(connection, name, replaced) for name in CANONICAL_TABLES} if replaced else {}
    return EarlierSubmissions(rows, {name: found for name, found in keys.items() if len(found)})


def _read_rows(connection: Connection, table: str, replaced: Sequence[str]) -> pl.DataFrame:
    """Read the rows of the other submissions."""
    without = f"where submission_id not in ({placeholders(replaced)})" if replaced else ""
    words = ("select", quote_names(TABLES[table].dtypes), "from", quote_name(table), without)
    rows = fetch_frame(connection, " ".join(words), list(replaced))
    if TABLES[table].is_shared:
        return rows.unique(TABLES[table].primary_key, keep="last", maintain_order=True)
    return rows


def _read_keys(connection: Connection, table: str, replaced: Sequence[str]) -> pl.Series:
    """Read the keys of the submissions that go."""
    key = quote_name(TABLES[table].primary_key)
    words = ("select distinct", key, "as key from", quote_name(table), "where submission_id in")
    found = fetch_frame(connection, " ".join((*words, f"({placeholders(replaced)})")), list(replaced))
    return found.get_column("key").drop_nulls().sort()
