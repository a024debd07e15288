"""Write one submission into an open transaction: ledger, accepted rows, quarantine and findings."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import polars as pl

from analytics.store.engine import registered, run
from analytics.store.integrity import require_counts, require_new_keys, require_parents
from analytics.store.ledger import record_submission, supersede
from analytics.store.row_sites import derive_row_sites, with_row_sites
from analytics.store.statements import CANONICAL_TABLES, insert_rows
from schemas.submission import FINDING_SCHEMA, RULE_RESULT_SCHEMA

if TYPE_CHECKING:
    from datetime import datetime

    from analytics.store.engine import Connection
    from analytics.store.prepared import PreparedSubmission
    from schemas.submission import SubmissionReport, TableReport

# What validation adds to the rejected rows; everything else in that frame is the row as it came.
_REJECTION_COLUMNS = ("row", "record", "line", "rule_id", "is_cascade", "file", "original_json")
_ORIGIN_COLUMNS = ("file", "original_json")  # bundles that were archived before these were kept lack them
_QUARANTINE_COLUMNS = (
    "site_id",
    "table_name",
    "source_row",
    "record",
    "rule_id",
    "is_cascade",
    "row_json",
    *_ORIGIN_COLUMNS,
)


def write_submission(
    connection: Connection, prepared: PreparedSubmission, replaced: tuple[str, ...], received_at: datetime
) -> None:
    """Do everything that must happen together, within a transaction of the caller.

    Parameters
    ----------
    connection
        A store that is open for loading, in a transaction.
    prepared
        Submission, report and gate.
    replaced
        Submissions to supersede.
    received_at
        When it came in, with its time zone.

    Raises
    ------
    StoreError
        Its rows and those of the other submissions do not go together.
    """
    submission, report = prepared.submission, prepared.report
    for earlier in replaced:
        supersede(connection, earlier, by=submission.submission_id)
    record_submission(connection, prepared, received_at.astimezone(UTC).replace(tzinfo=None))
    for name in CANONICAL_TABLES:
        if name in report.tables:
            _insert_accepted(connection, submission.submission_id, report.tables[name])
    require_new_keys(connection, submission.submission_id, where=submission.source_name)
    if replaced:
        require_parents(connection, where=submission.source_name)
    row_sites = derive_row_sites(report, submission.site_ids, lines=_lines_to_place(report))
    _insert_quarantine(connection, submission.submission_id, report, row_sites)
    _insert_findings(connection, prepared, row_sites)
    results = report.rule_results
    held = [name for name in RULE_RESULT_SCHEMA if name in results.columns]
    _insert(connection, "rule_results", results.select(held), submission.submission_id)
    require_counts(connection, submission.submission_id, report)


def _lines_to_place(report: SubmissionReport) -> pl.DataFrame:
    """Return ``table`` and ``line`` of the rows whose site is kept: the rejected, and those with findings."""
    rejected = [
        table.rejected.select(pl.lit(name).alias("table"), pl.col("line").cast(pl.Int64))
        for name, table in report.tables.items()
    ]
    return pl.concat([report.findings.select("table", pl.col("line").cast(pl.Int64)), *rejected])


def _insert_accepted(connection: Connection, submission_id: str, table: TableReport) -> None:
    """Append the accepted rows of one table, by name."""
    _insert(connection, table.table, table.accepted.drop("record", "file", strict=False), submission_id)


def _insert_quarantine(
    connection: Connection, submission_id: str, report: SubmissionReport, row_sites: pl.DataFrame
) -> None:
    """Keep the rejected rows as they came, each as one JSON object."""
    for table in report.tables.values():
        rows = _describe_rejected(table).rename({"table_name": "table", "source_row": "line"})
        rows = with_row_sites(rows, row_sites).rename({"table": "table_name", "line": "source_row"})
        _insert(connection, "quarantine", rows.select(_QUARANTINE_COLUMNS), submission_id)


def _describe_rejected(table: TableReport) -> pl.DataFrame:
    """Give one quarantine row for each rejected row."""
    texts = [name for name in table.rejected.columns if name not in _REJECTION_COLUMNS]
    held = set(table.rejected.columns)
    return table.rejected.select(
        pl.lit(table.table).alias("table_name"),
        pl.col("line").cast(pl.Int64).alias("source_row"),
        pl.col("record").cast(pl.Int64),
        "rule_id",
        "is_cascade",
        pl.struct(texts).struct.json_encode().alias("row_json"),
        *(
            pl.col(name).cast(pl.String) if name in held else pl.lit(None, pl.String).alias(name)
            for name in _ORIGIN_COLUMNS
        ),
    )


def _insert_findings(connection: Connection, prepared: PreparedSubmission, row_sites: pl.DataFrame) -> None:
    """Keep the findings, with the site each is about where that is known."""
    submission_id, site_ids = prepared.submission.submission_id, prepared.submission.site_ids
    only_site = site_ids[0] if len(site_ids) == 1 else None
    findings = prepared.report.findings.select(list(FINDING_SCHEMA))
    known = with_row_sites(findings, row_sites)
    sites = (
        known.get_column("site_id") if only_site is None else known.get_column("site_id").fill_null(only_site)
    )
    _insert(connection, "findings", known.with_columns(sites), submission_id)


def _insert(connection: Connection, table: str, rows: pl.DataFrame, submission_id: str) -> None:
    """Append rows to a table under a submission."""
    if rows.height:
        with registered(connection, rows) as source:
            run(connection, insert_rows(table, rows.columns, source, submission_id=True), [submission_id])
