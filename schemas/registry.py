"""The canonical tables in load order, with columns, keys and references, derived from the Pandera schemas."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandera.polars as pa
import polars as pl

from schemas.complications import COMPLICATIONS
from schemas.device_uses import DEVICE_USES
from schemas.events import EVENTS
from schemas.fields import Range, usual_range_check
from schemas.follow_up import FOLLOW_UP
from schemas.imaging import IMAGING
from schemas.lesions import LESIONS
from schemas.patients import PATIENTS
from schemas.procedures import PROCEDURES
from schemas.rules.catalogue import row_checks
from schemas.sites import SITES

if TYPE_CHECKING:
    from collections.abc import Mapping

DTYPES: Mapping[str, type[pl.DataType]] = MappingProxyType(
    {
        "string": pl.String,
        "enum": pl.String,
        "int": pl.Int64,
        "float": pl.Float64,
        "bool": pl.Boolean,
        "date": pl.Date,
    }
)
"""Column kind to polars dtype."""

LOADER_COLUMNS = ("submission_id", "source_row")
"""Columns that the loader adds to every table."""


@dataclass(frozen=True)
class Reference:
    """A column that holds the key of another table.

    Parameters
    ----------
    column
        Column of the referring table.
    table, target
        Table and column in which the value must exist.
    """

    column: str
    table: str
    target: str


@dataclass(frozen=True)
class Column:
    """What the schemas say about one column.

    Parameters
    ----------
    name
        Canonical name; the unit is part of it.
    kind
        ``string``, ``int``, ``float``, ``bool``, ``date`` or ``enum``.
    unit
        Unit of the values, or an empty text.
    codes
        Closed list of values, or empty.
    warn, hard
        Usual and possible range with inclusive bounds; an open end is None.
    required
        ``yes``, ``expected`` or ``no``.
    definition
        One sentence.
    pattern
        Regular expression of the whole text, or None.
    condition
        When a value is expected although ``required`` is ``no``, in words.
    """

    name: str
    kind: str
    unit: str
    codes: tuple[str, ...]
    warn: Range | None
    hard: Range | None
    required: str
    definition: str
    pattern: str | None = None
    condition: str = ""


SHARED_TABLES = ("sites", "patients")
"""Sites and patients come again with every submission; the latest word about them counts."""


@dataclass(frozen=True, eq=False)
class Table:
    """A canonical table.

    Parameters
    ----------
    name
        Name of the table.
    schema
        Hard schema: types, code lists, possible ranges, required values, and what rejects a row within
        itself.
    soft_schema
        Usual ranges and plausibility within a row: failures are listed, or empty one cell, but keep the row.
    columns
        Columns in canonical order.
    primary_key
        Column that identifies a row.
    references
        Columns that hold keys of other tables.
    definition
        What a row is.
    """

    name: str
    schema: pa.DataFrameSchema
    soft_schema: pa.DataFrameSchema
    columns: tuple[Column, ...]
    primary_key: str
    references: tuple[Reference, ...]
    definition: str

    @property
    def dtypes(self) -> dict[str, type[pl.DataType]]:
        """Column name to polars dtype, in canonical order."""
        return {column.name: DTYPES[column.kind] for column in self.columns}

    @property
    def by_name(self) -> dict[str, Column]:
        """Column name to column, in canonical order."""
        return {column.name: column for column in self.columns}

    @property
    def is_shared(self) -> bool:
        """Whether every submission describes these rows anew, so that a known key is no repetition."""
        return self.name in SHARED_TABLES

    def empty(self) -> pl.DataFrame:
        """Return the typed table without rows."""
        return pl.DataFrame(schema=self.dtypes)


def _facts(column: pa.Column) -> dict[str, Any]:
    """Metadata of a Pandera column."""
    return dict(column.metadata or {})


def _column(name: str, source: pa.Column) -> Column:
    """Read one column back from its Pandera definition."""
    facts = _facts(source)
    return Column(
        name=name,
        kind=facts["kind"],
        unit=facts.get("unit", ""),
        codes=facts.get("codes", ()),
        warn=facts.get("warn"),
        hard=facts.get("hard"),
        required=facts["required"],
        definition=source.description or "",
        pattern=facts.get("pattern"),
        condition=facts.get("condition", ""),
    )


def _reference(name: str, target: str) -> Reference:
    """Split ``table.column``."""
    table, column = target.split(".")
    return Reference(column=name, table=table, target=column)


def _hard_schema(schema: pa.DataFrameSchema) -> pa.DataFrameSchema:
    """Add the checks within a row that reject it, each hung on one column so that only its cell is blamed."""
    columns = {
        name: _rebuilt(source, [*source.checks, *row_checks(str(schema.name), name, rejects=True)])
        for name, source in schema.columns.items()
    }
    return pa.DataFrameSchema(
        columns, strict=True, name=schema.name, title=schema.title, description=schema.description
    )


def _soft_schema(schema: pa.DataFrameSchema) -> pa.DataFrameSchema:
    """Keep the columns, replace their checks by usual ranges and plausibility within the row."""
    columns = {}
    for name, source in schema.columns.items():
        warn = _facts(source).get("warn")
        usual = [] if warn is None else [usual_range_check(warn)]
        checks = [*usual, *row_checks(str(schema.name), name, rejects=False)]
        if checks:
            columns[name] = _rebuilt(source, checks, nullable=True)
    return pa.DataFrameSchema(columns, strict=False, name=schema.name, title=schema.title)


def _rebuilt(source: pa.Column, checks: list[pa.Check], *, nullable: bool | None = None) -> pa.Column:
    """Copy a column with other checks."""
    return pa.Column(
        source.dtype,
        checks,
        nullable=source.nullable if nullable is None else nullable,
        title=source.title,
        description=source.description,
        metadata=source.metadata,
    )


def _table(schema: pa.DataFrameSchema) -> Table:
    """Derive a table from its Pandera schema."""
    facts = {name: _facts(column) for name, column in schema.columns.items()}
    return Table(
        name=str(schema.name),
        schema=_hard_schema(schema),
        soft_schema=_soft_schema(schema),
        columns=tuple(_column(name, column) for name, column in schema.columns.items()),
        primary_key=next(name for name in facts if facts[name].get("key")),
        references=tuple(
            _reference(name, facts[name]["references"]) for name in facts if facts[name].get("references")
        ),
        definition=str(schema.description),
    )


TABLES: Mapping[str, Table] = MappingProxyType(
    {
        str(schema.name): _table(schema)
        for schema in (
            SITES,
            PATIENTS,
            PROCEDURES,
            LESIONS,
            IMAGING,
            DEVICE_USES,
            COMPLICATIONS,
            FOLLOW_UP,
            EVENTS,
        )
    }
)
"""Canonical tables by name, in load order: a table stands after those it refers to."""
