"""Put SQL together from fixed words and checked names; values are always bound, never written in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CANONICAL_TABLES: tuple[str, ...] = (
    "sites",
    "patients",
    "procedures",
    "lesions",
    "imaging",
    "device_uses",
    "complications",
    "follow_up",
    "events",
)
"""Canonical tables in load order: a parent stands before its children."""

ORIGIN_COLUMNS: tuple[str, ...] = ("submission_id", "source_row")
"""What the loader adds to each canonical row: which submission, which physical line."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def is_plain_name(name: str) -> bool:
    """Tell whether a text is a lower-case name of letters, digits and underscores."""
    return _NAME.fullmatch(name) is not None


def quote_name(name: str) -> str:
    """Quote the name of a table or column; refuse anything that is not a plain lower-case name."""
    if not is_plain_name(name):
        message = "a table or column name holds characters other than a-z, 0-9 and _"
        raise ValueError(message)
    return f'"{name}"'


def quote_text(text: str) -> str:
    """Quote a text where the language takes no bound value, as for the path of a file."""
    return "'" + text.replace("'", "''") + "'"


def quote_names(names: Iterable[str]) -> str:
    """Quote several names, with commas between."""
    return ", ".join(quote_name(name) for name in names)


def select_rows(table: str, columns: Sequence[str], *clauses: str) -> str:
    """Write a query that names its columns, followed by fixed clauses."""
    return " ".join(("select", quote_names(columns), "from", quote_name(table), *clauses))


def insert_rows(table: str, columns: Sequence[str], source: str, *, submission_id: bool) -> str:
    """Write an insert by name from a registered frame; `submission_id` adds one bound value in front."""
    target = ("submission_id", *columns) if submission_id else tuple(columns)
    bound = "?, " if submission_id else ""
    into = ("insert into", quote_name(table), f"({quote_names(target)})")
    return " ".join((*into, "select", bound + quote_names(columns), "from", quote_name(source)))


def placeholders(values: Sequence[object]) -> str:
    """Write as many bound places as there are values."""
    return ", ".join("?" for _ in values)
