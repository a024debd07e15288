"""Where a fault lies: one row of ``faults.csv``."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

HEADER_LINES = 2  # the header itself, and lines count from 1

FAULT_SCHEMA: dict[str, type[pl.DataType]] = {
    "rule_id": pl.String,
    "level": pl.String,
    "cause": pl.String,
    "file": pl.String,
    "site_id": pl.String,
    "table": pl.String,
    "column": pl.String,
    "row": pl.Int64,
    "line": pl.Int64,
    "needs": pl.String,
    "header": pl.String,
    "reason": pl.String,
}
"""Columns of the list of faults.

``cause`` is ``planted``, ``consequence`` for what follows, or ``not_planted``. ``file`` is below the folder
of the registry. ``row`` counts from 0 in the table, or in the data rows of an export; ``line`` from 1 within
the file; both are empty where a fault is one of a whole site or file. ``needs`` says what intake must be told
to see it. ``header`` is the hospital's own, in an export. ``reason`` says why a fault is not planted, or what
stands there in its place.
"""

TOO_SMALL = "no row or no hospital of the registry is of the kind that the fault asks for"


@dataclass(frozen=True)
class Place:
    """A fault and where it lies.

    Parameters
    ----------
    rule_id, level, cause, table, column, row, line, site_id, file, needs, header, reason
        Columns of `FAULT_SCHEMA`.
    number, patient_id
        Which fault it is, counted over all faults of rows, and the patient who has it; they are not listed.
    """

    rule_id: str
    level: str
    cause: str
    table: str | None
    column: str | None
    row: int | None = None
    line: int | None = None
    site_id: str | None = None
    file: str | None = None
    needs: str | None = None
    header: str | None = None
    reason: str | None = None
    number: int | None = None
    patient_id: str | None = None


def list_places(places: list[Place]) -> pl.DataFrame:
    """Return places in the columns of `FAULT_SCHEMA`; the line of a row of a canonical file is worked out."""
    frame = pl.DataFrame(
        [{name: getattr(place, name) for name in FAULT_SCHEMA} for place in places], schema=FAULT_SCHEMA
    )
    return frame.with_columns(
        pl.coalesce("line", pl.col("row") + HEADER_LINES).alias("line"),
        pl.coalesce("file", pl.col("table") + ".csv").alias("file"),
    )
