"""Which cells of a form tell a canonical cell: found by taking it away and writing the form again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from schemas.parsing import typed_columns
from schemas.registry import TABLES
from synthetic.writer import spell_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from synthetic.dialects.pieces import Sheet, Tables

    Write = Callable[[Tables], Sheet]
    Cells = list[tuple[int, str]]


def told_cells(own: Tables, table: str, column: str, key: str, *, write: Write) -> Cells:
    """Return the cells of a patient's rows that change when a canonical cell is emptied: row and header.

    Parameters
    ----------
    own
        Typed canonical tables of one patient.
    table, column, key
        The cell: its table, its column, and the primary key of its row.
    write
        Writer of the dialect.

    Returns
    -------
    list
        Row among the patient's rows, from 0, and header: those of the first header that changes. Empty where
        nothing changes, or rows vanish with the cell.
    """
    emptied = _with_text(own, table, column, key, None)
    return _first_changed(write(own).rows, write(emptied).rows)


def has_word(table: str, column: str, text: str) -> bool:
    """Tell whether a text is a code or a value of its column, for which a form may have a word."""
    found = TABLES[table].by_name[column]
    if found.kind == "enum":
        return text in found.codes
    typed = typed_columns(pl.DataFrame({column: [text]}), TABLES[table])
    return typed[column].null_count() == 0


def of_patient(tables: Tables, patient: str) -> dict[str, pl.DataFrame]:
    """Return the rows of one patient, in every table; the hospital's row too."""
    is_own = pl.col("patient_id") == patient
    found = {name: tables[name].filter(is_own) for name in ("patients", "procedures", "follow_up", "events")}
    found["sites"] = tables["sites"]
    for name, parent, key in (
        ("lesions", "procedures", "procedure_id"),
        ("complications", "procedures", "procedure_id"),
        ("imaging", "lesions", "lesion_id"),
        ("device_uses", "lesions", "lesion_id"),
    ):
        found[name] = tables[name].join(found[parent], on=key, how="semi", maintain_order="left")
    return found


def _with_text(own: Tables, table: str, column: str, key: str, text: str | None) -> dict[str, pl.DataFrame]:
    """Return the tables with another text in one cell, typed again: what is not of the type is empty."""
    spelled = spell_tables({table: own[table]})[table]
    is_row = spelled.to_series(0) == key
    cell = pl.when(is_row).then(pl.lit(text, pl.String)).otherwise(pl.col(column)).alias(column)
    return {**own, table: typed_columns(spelled.with_columns(cell), TABLES[table])}


def _first_changed(before: pl.DataFrame, after: pl.DataFrame) -> Cells:
    """Return the rows in which the first differing column differs; a column that is absent is empty."""
    if before.height != after.height:
        return []
    for header in before.columns:
        now = after[header] if header in after.columns else pl.Series([None] * after.height, dtype=pl.String)
        differs = before[header].ne_missing(now)
        if differs.any():
            return [(row, header) for row in differs.arg_true().to_list()]
    return []
