"""Findings as a CSV file that a site can sort, and no spreadsheet will execute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import InputFileError
from analytics.intake.findings import mark_first_faults
from analytics.intake.site_parts import sites_of_records
from analytics.intake.workbooks import is_workbook

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.intake.submission import PreparedSubmission

FINDINGS_COLUMNS = (
    "file", "sheet", "line", "record", "table", "column", "header", "rule_id", "level", "sentence", "remedy",
    "n", "site_id", "status", "first_fault", "row",
)  # fmt: skip
"""Columns of ``findings.csv``, in order."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First signs of what a spreadsheet may run, those of full width included."""


def list_findings(prepared: PreparedSubmission) -> pl.DataFrame:
    """Return all findings, open and waived, each with its sheet, site and status.

    Returns
    -------
    polars.DataFrame
        `FINDINGS_COLUMNS`. ``status`` is ``open`` or ``waived``; ``first_fault`` is ``yes`` for the fault of
        a record to mend first; ``site_id`` is null where several sites are possible. No cell value is in it.
    """
    marked = mark_first_faults(prepared.findings).with_columns(status=pl.lit("open"))
    waived = prepared.report.waived.with_columns(is_first=pl.lit(value=False), status=pl.lit("waived"))
    found = pl.concat([marked, waived], how="diagonal")
    found = _with_sites(found, prepared)
    yes = pl.when("is_first").then(pl.lit("yes")).alias("first_fault")
    return found.with_columns(_sheet(prepared), yes).select(FINDINGS_COLUMNS)


def write_findings_csv(findings: pl.DataFrame, path: Path) -> None:
    """Write findings as UTF-8 CSV with a byte-order mark, which a spreadsheet opens without running it.

    Parameters
    ----------
    findings
        Any frame of findings, such as that of `list_findings`.
    path
        File to write; it is replaced, and its folder is made.

    Raises
    ------
    InputFileError
        If the file cannot be written there.
    """
    texts = [name for name, dtype in findings.schema.items() if dtype == pl.String]
    safe = findings.with_columns(_neutralised(name) for name in texts)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        safe.write_csv(path, include_bom=True)
    except OSError as error:
        raise unwritable(path) from error


def unwritable(path: Path) -> InputFileError:
    """Say that something cannot be written."""
    fix = "Name a folder that can be made or written to, and close the file where it is open"
    return InputFileError(where=str(path), what="the findings cannot be written", fix=fix)


def _with_sites(found: pl.DataFrame, prepared: PreparedSubmission) -> pl.DataFrame:
    """Add the site of each finding: its record's, or the only one."""
    sites = sites_of_records(prepared.report).with_columns(pl.col("record").cast(pl.Int64))
    # A record that several sites share in one table comes from files that cannot be told apart here.
    sites = sites.unique(["table", "record"], keep="none", maintain_order=True)
    joined = found.join(sites, on=["table", "record"], how="left", maintain_order="left")
    only = prepared.submission.site_ids[0] if len(prepared.submission.site_ids) == 1 else None
    return joined.with_columns(pl.col("site_id").fill_null(pl.lit(only, pl.String)))


def _sheet(prepared: PreparedSubmission) -> pl.Expr:
    """Return the sheet that a workbook was read from."""
    sheet = None if prepared.mapping is None else prepared.mapping.read.sheet
    books = [name for name in prepared.submission.files if is_workbook(name)]
    is_book = pl.col("file").is_in(books)
    return pl.when(is_book).then(pl.lit(sheet, pl.String)).alias("sheet")


def _neutralised(name: str) -> pl.Expr:
    """Return a text column in which no cell begins like a formula."""
    cell = pl.col(name)
    is_formula = pl.any_horizontal(cell.str.starts_with(start) for start in FORMULA_STARTS)
    return pl.when(is_formula).then(pl.lit("'") + cell).otherwise(cell).alias(name)
