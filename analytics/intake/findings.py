"""Findings as people read them: summed, as a short text, as a CSV that no spreadsheet will execute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import InputFileError
from schemas.submission import FINDING_SCHEMA

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.intake.gate import Gate
    from schemas.submission import SubmissionReport

LEVELS = ("FILE", "ROW", "NULL", "WARN", "INFO")
"""Levels from the hardest to the mildest."""

_EFFECTS = {
    "FILE": "nothing is loaded",
    "ROW": "row rejected",
    "NULL": "value emptied",
    "WARN": "kept, please check",
    "INFO": "counted only",
}
_GROUP = ["rule_id", "level", "file", "table", "column", "header", "sentence", "remedy"]
_LINES_SHOWN = 3
_RULES_SHOWN = 12
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def summarise_findings(findings: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each rule, level, table and column.

    Parameters
    ----------
    findings
        Columns of `schemas.submission.FINDING_SCHEMA`.

    Returns
    -------
    polars.DataFrame
        ``rule_id, level, file, table, column, header, sentence, remedy, n, lines`` (the first lines of the
        file), hardest level first, then by ``n``.
    """
    order = {level: place for place, level in enumerate(LEVELS)}
    summed = findings.group_by(_GROUP, maintain_order=True).agg(
        pl.col("n").sum(), pl.col("line").drop_nulls().unique().sort().head(_LINES_SHOWN).alias("lines")
    )
    rank = pl.col("level").replace_strict(order, return_dtype=pl.Int8)
    return summed.sort(rank, -pl.col("n"), "rule_id", maintain_order=True)


def render_findings_text(report: SubmissionReport, gate: Gate) -> str:
    """Return what came, what was accepted and rejected, and what to do first, for a terminal."""
    lines = [f"gate: {gate.colour}", *(f"  {reason}" for reason in gate.reasons), ""]
    lines.append(f"{'table':<15}{'rows':>9}{'accepted':>10}{'rejected':>10}")
    lines += [
        f"{name:<15}{table.n_input:>9}{table.accepted.height:>10}{table.rejected.height:>10}"
        for name, table in report.tables.items()
        if table.n_input
    ]
    summary = summarise_findings(report.findings)
    is_note = pl.col("level") == "INFO"
    n, notes = report.findings.select(
        pl.col("n").filter(~is_note).sum(), pl.col("n").filter(is_note).sum().alias("i")
    ).row(0)
    lines += ["", f"findings: {n} (and {notes} notes), by rule:"]
    lines += [_rendered(row) for row in summary.head(_RULES_SHOWN).iter_rows(named=True)]
    if summary.height > _RULES_SHOWN:
        lines.append(f"... and {summary.height - _RULES_SHOWN} more; the findings file lists them all.")
    return "\n".join(lines) + "\n"


def _rendered(row: dict[str, object]) -> str:
    """Return one summed finding in two lines."""
    column = f".{row['column']}" if row["column"] else ""
    header = f" (header '{row['header']}')" if row["header"] and row["header"] != row["column"] else ""
    numbers = row["lines"]
    where = f", line {', '.join(map(str, numbers))}" if isinstance(numbers, list) and numbers else ""
    effect = _EFFECTS[str(row["level"])]
    head = f"{row['rule_id']} {row['level']} x{row['n']} ({effect}) {row['table']}{column}{header}{where}"
    return f"{head}\n    {row['sentence']} {row['remedy']}"


def write_findings_csv(findings: pl.DataFrame, path: Path) -> None:
    """Write findings as UTF-8 CSV with a byte-order mark, which a spreadsheet opens without running it.

    Parameters
    ----------
    findings
        Columns of `schemas.submission.FINDING_SCHEMA`.
    path
        File to write; it is replaced, and its folder is made.

    Raises
    ------
    InputFileError
        If the file cannot be written there.
    """
    texts = [name for name, dtype in FINDING_SCHEMA.items() if dtype == pl.String]
    safe = findings.with_columns(_neutralised(name) for name in texts)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        safe.write_csv(path, include_bom=True)
    except OSError as error:
        fix = "Name a folder that can be made or written to"
        raise InputFileError(where=str(path), what="the findings cannot be written", fix=fix) from error


def _neutralised(name: str) -> pl.Expr:
    """Return a text column in which no cell begins like a formula."""
    cell = pl.col(name)
    is_formula = pl.any_horizontal(cell.str.starts_with(start) for start in _FORMULA_STARTS)
    return pl.when(is_formula).then(pl.lit("'") + cell).otherwise(cell).alias(name)
