"""Section on data quality: what was loaded, what was found, how full the fields are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.charts.completeness import percent_text
from analytics.charts.numbers import format_count
from analytics.report.document import Block, Paragraph, Section, Table

if TYPE_CHECKING:
    from analytics.report.content import ReportContent

MOST_FINDINGS = 25
MOST_FIELDS = 15
LEVELS = ("FILE", "ROW", "NULL", "WARN", "INFO")
"""Levels of findings, gravest first."""

LEVEL_WORDS = {
    "FILE": "file refused",
    "ROW": "row rejected",
    "NULL": "value set aside",
    "WARN": "to be checked",
    "INFO": "for information",
}


def quality_section(content: ReportContent) -> Section:
    """Return the data quality section; a part without data says so."""
    blocks: list[Block] = []
    if content.submissions is not None and content.submissions.height:
        blocks.append(submissions_table(content.submissions))
    if content.findings is not None and content.findings.height:
        blocks.append(findings_table(content.findings))
    else:
        blocks.append(Paragraph("No finding of the data checks is recorded in this snapshot."))
    if content.completeness is not None and content.completeness.height:
        blocks.append(emptiest_table(content.completeness))
    return Section("data-quality", "Data quality", tuple(blocks))


def sum_findings(findings: pl.DataFrame) -> pl.DataFrame:
    """Add findings up by rule, the gravest and the most frequent first.

    Parameters
    ----------
    findings
        ``rule_id``, ``level``, ``sentence``, ``remedy``, ``n``, perhaps ``site_id``.

    Returns
    -------
    polars.DataFrame
        ``level``, ``rule_id``, ``sentence``, ``remedy``, ``n``, ``n_sites`` (null where sites are not named).
    """
    sites = pl.col("site_id").n_unique() if "site_id" in findings.columns else pl.lit(None, dtype=pl.UInt32)
    order = pl.col("level").replace_strict({level: i for i, level in enumerate(LEVELS)}, default=len(LEVELS))
    return (
        findings.group_by("level", "rule_id")
        .agg(pl.col("sentence").min(), pl.col("remedy").min(), pl.col("n").sum(), n_sites=sites)
        .sort(order, -pl.col("n").cast(pl.Int64), "rule_id")
    )


def findings_table(findings: pl.DataFrame) -> Table:
    """Return the gravest and most frequent findings with their remedies."""
    summed = sum_findings(findings)
    rows = tuple(
        (
            row["rule_id"],
            LEVEL_WORDS.get(row["level"], row["level"]),
            format_count(int(row["n"])),
            row["sentence"] or "",
            row["remedy"] or "",
        )
        for row in summed.head(MOST_FINDINGS).iter_rows(named=True)
    )
    more = max(0, summed.height - MOST_FINDINGS)
    caption = "By rule, the gravest first" + (f" ({more} further rules not shown)" if more else "")
    return Table(caption, ("Rule", "What followed", "Count", "Finding", "How to fix it"), rows)


def split_never_filled(completeness: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the rows of fields that some site fills, and the names of the fields that none does.

    Parameters
    ----------
    completeness
        ``site_id``, ``table_name``, ``column_name``, ``n``, ``n_filled``.
    """
    filled = pl.col("n_filled").sum().over("table_name", "column_name") > 0
    empty = completeness.filter(~filled)["column_name"].unique(maintain_order=True)
    return completeness.filter(filled), tuple(empty)


def emptiest_table(completeness: pl.DataFrame) -> Table:
    """Return the least filled fields over all sites; those that nobody fills are left out."""
    fields = (
        split_never_filled(completeness)[0]
        .group_by("table_name", "column_name")
        .agg(pl.col("n").sum(), pl.col("n_filled").sum())
        .filter(pl.col("n") > 0)
        .sort(pl.col("n_filled") / pl.col("n"), "table_name", "column_name")
    )
    rows = tuple(
        (
            row["table_name"],
            row["column_name"],
            f"{format_count(int(row['n_filled']))}/{format_count(int(row['n']))}",
            f"{percent_text(row['n_filled'], row['n'])} %",
        )
        for row in fields.head(MOST_FIELDS).iter_rows(named=True)
    )
    caption = "Least filled fields that are sent at all (some apply to few rows, as laser settings do)"
    return Table(caption, ("Table", "Field", "Filled/rows", "Filled"), rows)


def submissions_table(submissions: pl.DataFrame) -> Table:
    """Return the ledger for readers: what came when, what was kept, what the gate said.

    Parameters
    ----------
    submissions
        ``load_number``, ``submission_id``, ``source_name``, ``received_at``, ``site_ids``, ``n_accepted``,
        ``n_rejected``, ``gate``, ``gate_reasons``, ``status``.
    """
    rows = tuple(
        (
            str(row["load_number"]),
            row["submission_id"],
            row["source_name"],
            f"{row['received_at']:%Y-%m-%d}",
            format_count(len(row["site_ids"])),
            format_count(row["n_accepted"]),
            format_count(row["n_rejected"]),
            f"{row['gate']}: {'; '.join(row['gate_reasons'])}" if row["gate_reasons"] else row["gate"],
            row["status"],
        )
        for row in submissions.iter_rows(named=True)
    )
    header = ("No.", "Submission", "Source", "Received", "Sites", "Rows kept", "Rejected", "Gate", "Status")
    return Table("What was loaded, in order of loading", header, rows)
