"""Read and write the ledger: which submissions are loaded, and which replaced which."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.store.connection import open_snapshot
from analytics.store.engine import run
from analytics.store.statements import CANONICAL_TABLES, quote_name

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from analytics.store.engine import Connection
    from analytics.store.prepared import PreparedSubmission

_FIND_CONTENT = """
select submission_id, status, mapping_sha256, gate, n_input, n_accepted, n_rejected, superseded_by
from submissions
where sha256 = ?
order by status = 'loaded' desc, load_number desc
limit 1
"""
_RECORD = """
insert into submissions (
    submission_id, source_name, sha256, mapping_name, mapping_sha256, received_at, site_ids,
    n_input, n_accepted, n_rejected, gate, gate_reasons, status
)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'loaded')
"""
_LOADED_CONTENT = """
select sha256, coalesce(mapping_sha256, ''), n_accepted
from submissions
where status = 'loaded'
order by sha256, mapping_sha256
"""
_SUPERSEDE = """
update submissions set status = 'superseded', superseded_by = ?
where submission_id = ? and status = 'loaded'
"""
_WITHDRAW = """
update submissions set status = 'withdrawn', withdrawn_at = ?, withdrawn_reason = ?
where submission_id = ? and status = 'loaded'
"""


@dataclass(frozen=True)
class LedgerEntry:
    """What the ledger says of one content: identifier, verdict, rows, and whether it is still loaded."""

    submission_id: str
    status: str
    mapping_sha256: str | None
    gate: str
    n_input: int
    n_accepted: int
    n_rejected: int
    superseded_by: str | None

    @property
    def is_loaded(self) -> bool:
        """Whether its rows are in the store."""
        return self.status == "loaded"


def find_content(connection: Connection, sha256: str) -> LedgerEntry | None:
    """Return the entry of a content hash; the one still loaded before any superseded one."""
    rows = run(connection, _FIND_CONTENT, [sha256])
    if not rows:
        return None
    identifier, status, mapping, gate, n_input, n_accepted, n_rejected, superseded_by = rows[0]
    return LedgerEntry(
        submission_id=str(identifier),
        status=str(status),
        mapping_sha256=None if mapping is None else str(mapping),
        gate=str(gate),
        n_input=int(str(n_input)),
        n_accepted=int(str(n_accepted)),
        n_rejected=int(str(n_rejected)),
        superseded_by=None if superseded_by is None else str(superseded_by),
    )


def find_loaded(path: Path, sha256: str) -> str | None:
    """Return the submission that holds this content now, or None.

    Parameters
    ----------
    path
        The store; a path without a file holds nothing.
    sha256
        Hash of the content, as intake computes it.

    Raises
    ------
    StoreError
        The store cannot be read.
    """
    if not path.exists():
        return None
    with open_snapshot(path) as connection:
        known = find_content(connection, sha256)
    return known.submission_id if known is not None and known.is_loaded else None


def record_submission(connection: Connection, prepared: PreparedSubmission, received_at: datetime) -> None:
    """Write the ledger entry of a submission that is being loaded."""
    submission, report, gate = prepared.submission, prepared.report, prepared.gate
    values = [
        submission.submission_id,
        submission.source_name,
        submission.sha256,
        submission.mapping_name,
        submission.mapping_sha256,
        received_at,
        list(submission.site_ids),
        report.n_input,
        report.n_accepted,
        report.n_rejected,
        gate.colour,
        list(gate.reasons),
    ]
    run(connection, _RECORD, values)


def supersede(connection: Connection, submission_id: str, *, by: str) -> None:
    """Delete the rows of a loaded submission; its ledger entry stays and names the successor."""
    _delete_rows(connection, submission_id)
    run(connection, _SUPERSEDE, [by, submission_id])


def withdraw(connection: Connection, submission_id: str, *, reason: str, at: datetime) -> None:
    """Delete the rows of a loaded submission; its ledger entry stays and says why."""
    _delete_rows(connection, submission_id)
    run(connection, _WITHDRAW, [at, reason, submission_id])


def _delete_rows(connection: Connection, submission_id: str) -> None:
    """Delete every row that a submission brought."""
    for table in (*CANONICAL_TABLES, "quarantine", "findings", "rule_results"):
        run(
            connection,
            " ".join(("delete from", quote_name(table), "where submission_id = ?")),
            [submission_id],
        )


def fingerprint_data(connection: Connection) -> str:
    """Hash what is loaded (content, mapping, accepted rows), whatever the order of loading.

    Returns
    -------
    str
        64 hexadecimal digits; equal for two stores that hold the same submissions.
    """
    lines = (" ".join(str(value) for value in row) for row in run(connection, _LOADED_CONTENT))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
