"""Load one submission: ledger, accepted rows, quarantine and findings in one transaction, or nothing."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import GateRejectedError, StoreError
from analytics.store.connection import open_for_loading
from analytics.store.engine import registered, run, transaction
from analytics.store.integrity import require_balance, require_counts, require_new_keys, require_parents
from analytics.store.ledger import LedgerEntry, find_content, find_replaced, record_submission, supersede
from analytics.store.row_sites import derive_row_sites
from analytics.store.statements import CANONICAL_TABLES, insert_rows
from schemas.submission import FINDING_SCHEMA

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.store.engine import Connection
    from analytics.store.prepared import PreparedSubmission
    from schemas.submission import SubmissionReport, TableReport

_LOG = logging.getLogger(__name__)

# What validation adds to the rejected rows; everything else in that frame is the row as it came.
_REJECTION_COLUMNS = ("row", "record", "line", "rule_id", "is_cascade")
_QUARANTINE_COLUMNS = ("site_id", "table_name", "source_row", "record", "rule_id", "is_cascade", "row_json")


@dataclass(frozen=True)
class LoadOutcome:
    """What a load did.

    Parameters
    ----------
    submission_id
        The submission that holds this content now.
    status
        ``loaded``; ``already_loaded`` (the same content was there, nothing changed); ``replaced`` (an earlier
        export of the same source was superseded).
    gate
        Colour of the gate: green or yellow.
    n_input, n_accepted, n_rejected
        Canonical rows over all tables; accepted + rejected = input.
    replaced
        Identifiers of the superseded submissions.
    """

    submission_id: str
    status: str
    gate: str
    n_input: int
    n_accepted: int
    n_rejected: int
    replaced: tuple[str, ...] = ()


def load_submission(
    path: Path, prepared: PreparedSubmission, *, replace: bool = False, received_at: datetime | None = None
) -> LoadOutcome:
    """Load a prepared submission into the store.

    Parameters
    ----------
    path
        The database file; made if there is none.
    prepared
        Submission, validation report and verdict of the gate.
    replace
        Supersede the loaded submission of the same source name and sites.
    received_at
        When the submission came in, in UTC; now by default.

    Returns
    -------
    LoadOutcome
        The same content again changes nothing and says so.

    Raises
    ------
    GateRejectedError
        The gate is red, or a finding of level FILE forbids loading. Nothing was changed.
    StoreError
        The store cannot be opened, or its other submissions forbid this one. Nothing was changed.
    """
    require_balance(prepared.report)
    if not path.exists():
        # A refused first submission should not leave an empty store behind.
        _require_open_gate(prepared)
    with open_for_loading(path) as connection:
        known = find_content(connection, prepared.submission.sha256)
        if known is not None and _is_settled(known, prepared, replace=replace):
            return _already_loaded(known)
        _require_open_gate(prepared)
        replaced = _choose_replaced(connection, prepared) if replace else ()
        with transaction(connection):
            _write_submission(connection, prepared, replaced, received_at or datetime.now(UTC))
        # A damaged write-ahead log can lose commits in silence, so none is left behind.
        run(connection, "checkpoint")
    return _report_outcome(prepared, replaced)


def _is_settled(known: LedgerEntry, prepared: PreparedSubmission, *, replace: bool) -> bool:
    """Tell whether the content needs no load; refuse replaced content unless asked to bring it back."""
    if known.is_loaded:
        return not replace or known.mapping_sha256 == prepared.submission.mapping_sha256
    if not replace:
        raise StoreError(
            where=prepared.submission.source_name,
            what=f"this content was loaded before and replaced by submission {known.superseded_by}",
            fix="Load it with --replace to bring it back.",
        )
    return False


def _already_loaded(known: LedgerEntry) -> LoadOutcome:
    """Say that the content is in the store."""
    return LoadOutcome(
        submission_id=known.submission_id,
        status="already_loaded",
        gate=known.gate,
        n_input=known.n_input,
        n_accepted=known.n_accepted,
        n_rejected=known.n_rejected,
    )


def _require_open_gate(prepared: PreparedSubmission) -> None:
    """Refuse a submission with a red gate or a finding that forbids loading."""
    n_refusals = prepared.report.findings.filter(pl.col("level") == "FILE").height
    if n_refusals or prepared.gate.colour == "red":
        reasons = "; ".join(prepared.gate.reasons) or f"{n_refusals} findings forbid loading"
        raise GateRejectedError(
            where=prepared.submission.source_name,
            what=f"the gate is red ({reasons}), nothing was loaded",
            fix="Correct what the findings report names and send the file again.",
        )


def _choose_replaced(connection: Connection, prepared: PreparedSubmission) -> tuple[str, ...]:
    """Name the submissions to supersede; refuse where rows of a site that is not sent again would go."""
    found = find_replaced(connection, prepared.submission)
    lost = frozenset[str]().union(*(source.site_ids for source in found)) - frozenset(
        prepared.submission.site_ids
    )
    if lost:
        raise StoreError(
            where=prepared.submission.source_name,
            what=f"replacing would remove {len(lost)} sites that this submission does not hold",
            fix="Send the file with all of its sites.",
        )
    return tuple(source.submission_id for source in found)


def _write_submission(
    connection: Connection, prepared: PreparedSubmission, replaced: tuple[str, ...], received_at: datetime
) -> None:
    """Do everything that must happen together."""
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
    row_sites = derive_row_sites(report, submission.site_ids)
    _insert_quarantine(connection, submission.submission_id, report, row_sites)
    _insert_findings(connection, prepared, row_sites)
    require_counts(connection, submission.submission_id, report)


def _insert_accepted(connection: Connection, submission_id: str, table: TableReport) -> None:
    """Append the accepted rows of one table, by name."""
    _insert(connection, table.table, table.accepted.drop("record", strict=False), submission_id)


def _insert_quarantine(
    connection: Connection, submission_id: str, report: SubmissionReport, row_sites: pl.DataFrame
) -> None:
    """Keep the rejected rows as they came, each as one JSON object."""
    for table in report.tables.values():
        rows = _describe_rejected(table).join(
            row_sites,
            left_on=["table_name", "source_row"],
            right_on=["table", "line"],
            how="left",
            maintain_order="left",
        )
        _insert(connection, "quarantine", rows.select(_QUARANTINE_COLUMNS), submission_id)


def _describe_rejected(table: TableReport) -> pl.DataFrame:
    """Give one quarantine row for each rejected row."""
    texts = [name for name in table.rejected.columns if name not in _REJECTION_COLUMNS]
    return table.rejected.select(
        pl.lit(table.table).alias("table_name"),
        pl.col("line").cast(pl.Int64).alias("source_row"),
        pl.col("record").cast(pl.Int64),
        "rule_id",
        "is_cascade",
        pl.struct(texts).struct.json_encode().alias("row_json"),
    )


def _insert_findings(connection: Connection, prepared: PreparedSubmission, row_sites: pl.DataFrame) -> None:
    """Keep the findings, with the site each is about where that is known."""
    submission_id, site_ids = prepared.submission.submission_id, prepared.submission.site_ids
    only_site = site_ids[0] if len(site_ids) == 1 else None
    findings = prepared.report.findings.select(list(FINDING_SCHEMA))
    known = findings.join(row_sites, on=["table", "line"], how="left", maintain_order="left")
    sites = (
        known.get_column("site_id") if only_site is None else known.get_column("site_id").fill_null(only_site)
    )
    _insert(connection, "findings", known.with_columns(sites), submission_id)


def _insert(connection: Connection, table: str, rows: pl.DataFrame, submission_id: str) -> None:
    """Append rows to a table under a submission."""
    if rows.height:
        with registered(connection, rows) as source:
            run(connection, insert_rows(table, rows.columns, source, submission_id=True), [submission_id])


def _report_outcome(prepared: PreparedSubmission, replaced: tuple[str, ...]) -> LoadOutcome:
    """Log counts and names, and return the outcome."""
    report = prepared.report
    for name, table in report.tables.items():
        _LOG.info(
            "loaded table=%s accepted=%d rejected=%d", name, table.accepted.height, table.rejected.height
        )
    return LoadOutcome(
        submission_id=prepared.submission.submission_id,
        status="replaced" if replaced else "loaded",
        gate=prepared.gate.colour,
        n_input=report.n_input,
        n_accepted=report.n_accepted,
        n_rejected=report.n_rejected,
        replaced=replaced,
    )
