"""Load one submission: ledger, accepted rows, quarantine and findings in one transaction, or nothing."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import GateRejectedError, StoreConflictError
from analytics.store.archive import archive_folder, mark_loaded, remove_bundle, write_bundle
from analytics.store.connection import open_for_loading
from analytics.store.engine import run, transaction
from analytics.store.integrity import require_balance
from analytics.store.ledger import LedgerEntry, find_content
from analytics.store.predecessors import find_replaced
from analytics.store.removals import require_consent
from analytics.store.verification import mark_committed, require_whole
from analytics.store.withdrawal import mark_withdrawals
from analytics.store.writing import write_submission

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.store.engine import Connection
    from analytics.store.prepared import PreparedSubmission

_LOG = logging.getLogger(__name__)


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
    path: Path,
    prepared: PreparedSubmission,
    *,
    replace: bool = False,
    allow_removal: bool = False,
    received_at: datetime | None = None,
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
    allow_removal
        Whether the site consents that rows of the superseded submission which are not sent again go.
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
        require_whole(connection, path)
        mark_committed(connection, archive_folder(path))
        mark_withdrawals(connection, archive_folder(path))
        known = find_content(connection, prepared.submission.sha256)
        if known is not None and _is_settled(known, prepared, replace=replace):
            return _already_loaded(known)
        _require_open_gate(prepared)
        replaced = _choose_replaced(connection, prepared) if replace else ()
        if replaced and not allow_removal:
            require_consent(connection, prepared, replaced)
        _load(connection, path, prepared, replaced, (received_at or datetime.now(UTC)).astimezone(UTC))
    return _report_outcome(prepared, replaced)


def _load(
    connection: Connection,
    path: Path,
    prepared: PreparedSubmission,
    replaced: tuple[str, ...],
    received_at: datetime,
) -> None:
    """Archive, write in one transaction, and mark the archived submission as loaded."""
    bundle = write_bundle(archive_folder(path), prepared, received_at=received_at, replaces=replaced)
    try:
        with transaction(connection):
            write_submission(connection, prepared, replaced, received_at)
    except BaseException:
        remove_bundle(bundle)
        raise
    # A damaged write-ahead log can lose commits in silence, so none is left behind.
    run(connection, "checkpoint")
    mark_loaded(bundle)


def _is_settled(known: LedgerEntry, prepared: PreparedSubmission, *, replace: bool) -> bool:
    """Tell whether the content needs no load; refuse replaced content unless asked to bring it back."""
    if known.is_loaded:
        return not replace or known.mapping_sha256 == prepared.submission.mapping_sha256
    if not replace:
        gone = f"replaced by submission {known.superseded_by}" if known.superseded_by else "withdrawn"
        raise StoreConflictError(
            where=prepared.submission.source_name,
            what=f"this content was loaded before and {gone}",
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
    found = find_replaced(connection, prepared)
    lost = frozenset[str]().union(*(source.site_ids for source in found)) - frozenset(
        prepared.submission.site_ids
    )
    if lost:
        raise StoreConflictError(
            where=prepared.submission.source_name,
            what=f"replacing would remove {len(lost)} sites that this submission does not hold",
            fix="Send the file with all of its sites.",
        )
    return tuple(source.submission_id for source in found)


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
