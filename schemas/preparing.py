"""Bring the parts of a submission into one shape: every canonical table and column, one row counter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from schemas.errors import SchemaFileError
from schemas.findings import table_finding
from schemas.registry import LOADER_COLUMNS, TABLES
from schemas.sent_rows import sent_rows
from schemas.submission import empty_findings
from schemas.table_state import FOLLOWS_RULE, TableState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.registry import Table
    from schemas.submission import TextTable

POSITION = ("row", "record", "line")
"""Where a row of a text table stands in the site's file."""


def prepare_tables(texts: Sequence[TextTable], prior: pl.DataFrame) -> dict[str, TableState]:
    """Return the starting state of every canonical table, in load order.

    Parameters
    ----------
    texts
        Parts of the submission, in any order; several parts of one table follow one another.
    prior
        Findings of earlier steps, columns of `schemas.submission.FINDING_SCHEMA`.

    Raises
    ------
    SchemaFileError
        A part is not a canonical table of text with its positions.
    """
    for text in texts:
        _refuse_malformed(text)
    return {
        name: _state(table, [text for text in texts if text.table == name], prior)
        for name, table in TABLES.items()
    }


def table_findings(texts: Sequence[TextTable], prior: pl.DataFrame) -> pl.DataFrame:
    """Return findings about whole columns: required ones that are absent (F02), foreign ones (F12).

    What the mapping has already said about a column is not said again.
    """
    said = {
        *prior.select("rule_id", "file", "column").rows(),
        *prior.select("rule_id", "file", "header").rows(),
    }
    found = [empty_findings()]
    for text in texts:
        absent = [("F02", name, text.headers.get(name)) for name in _absent_required(text)]
        facts: list[tuple[str, str | None, str | None]] = [*absent]
        facts += [("F12", None, name) for name in _foreign(text)]
        found += [
            table_finding(text, rule_id=rule_id, column=column, header=header)
            for rule_id, column, header in facts
            if (rule_id, text.file, column or header) not in said
        ]
    return pl.concat(found)


def _absent_required(text: TextTable) -> list[str]:
    """Name the required columns that a part with rows does not have."""
    columns = TABLES[text.table].columns if text.frame.height else ()
    return [
        column.name
        for column in columns
        if column.required == "yes" and column.name not in text.frame.columns
    ]


def _foreign(text: TextTable) -> list[str]:
    """Name the columns that are neither canonical nor the loader's."""
    ours = {*TABLES[text.table].dtypes, *POSITION, *LOADER_COLUMNS}
    return [name for name in text.frame.columns if name not in ours]


def _refuse_malformed(text: TextTable) -> None:
    """Refuse what a mapping or reader can never rightly hand over."""
    where = f"{text.file} [{text.table}]"
    if text.table not in TABLES:
        raise SchemaFileError(where=where, what="no such table", fix=f"Use one of {', '.join(TABLES)}")
    missing = [name for name in POSITION if name not in text.frame.columns]
    if missing:
        what = f"rows without their position ({', '.join(missing)})"
        raise SchemaFileError(where=where, what=what, fix="Number the rows where the file is read")
    typed = [
        name
        for name in text.frame.columns
        if name in TABLES[text.table].dtypes and text.frame.schema[name] not in (pl.String, pl.Null)
    ]

    if typed:
        what = f"columns that are not text ({', '.join(typed)})"
        raise SchemaFileError(where=where, what=what, fix="Read every cell as text")


def _state(table: Table, parts: Sequence[TextTable], prior: pl.DataFrame) -> TableState:
    """Join the parts of one table and number its rows."""
    sent = sent_rows(table.name, parts)
    origin = _origin(parts)
    absences = [
        _absences(origin["at"].slice(first, part.frame.height), part)
        for part, first in zip(parts, sent.starts, strict=False)
    ]
    return TableState(
        sent=sent,
        origin=origin,
        prior=pl.concat([_prior_of(table, origin, prior), *absences]),
        offered=frozenset(name for part in parts for name in part.frame.columns),
    )


def _origin(parts: Sequence[TextTable]) -> pl.DataFrame:
    """Return ``at`` of each row, and where it stands in the site's file."""
    columns = dict.fromkeys(["at", *POSITION], pl.Int64)
    position = [pl.col(name).cast(pl.Int64) for name in POSITION]
    places = [part.frame.select(pl.lit(part.file).alias("file"), *position) for part in parts]
    nowhere = pl.DataFrame(schema={"file": pl.String, **columns}).drop("at")
    at = pl.int_range(pl.len(), dtype=pl.Int64).alias("at")
    return pl.concat([nowhere, *places]).select(at, "file", *POSITION)


def _prior_of(table: Table, origin: pl.DataFrame, prior: pl.DataFrame) -> pl.DataFrame:
    """Return the earlier findings about rows of a table, by row number, each with its root cause.

    What follows from a cell that is reported elsewhere bears the rule of that report.
    """
    cell = ["file", "record", "header"]
    follows = pl.col("rule_id") == FOLLOWS_RULE
    roots = prior.filter(~follows & pl.col("record").is_not_null()).unique(
        cell, keep="first", maintain_order=True
    )
    rows = prior.filter((pl.col("table") == table.name) & pl.col("row").is_not_null())
    rows = rows.with_columns(is_consequence=follows).join(
        roots.select(*cell, root="rule_id"), on=cell, how="left", maintain_order="left", nulls_equal=True
    )
    rule_id = pl.when("is_consequence").then(pl.coalesce("root", "rule_id")).otherwise("rule_id")
    rows = rows.with_columns(rule_id.alias("rule_id"))
    found = rows.join(
        origin.select("at", "file", "row"), on=["file", "row"], how="inner", maintain_order="left"
    )
    return found.select("at", "column", "rule_id", "level", "is_consequence")


def _absences(rows: pl.Series, part: TextTable) -> pl.DataFrame:
    """Name F02 as the cause of every cell of an absent required column, so that no row says it again."""
    cells = pl.DataFrame({"column": _absent_required(part)}, schema={"column": pl.String})
    return (
        rows.to_frame()
        .join(cells, how="cross")
        .with_columns(rule_id=pl.lit("F02"), level=pl.lit("NULL"), is_consequence=pl.lit(value=False))
    )
