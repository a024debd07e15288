"""Take a submission back out of the store: its rows go, its ledger entry stays and says why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from analytics.errors import StoreError
from analytics.store.archive import archive_folder, find_bundle, mark_withdrawn
from analytics.store.connection import open_for_loading, open_snapshot
from analytics.store.engine import run, transaction
from analytics.store.integrity import require_parents
from analytics.store.ledger import withdraw
from analytics.store.verification import require_whole

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.store.engine import Connection

_STATES = "select submission_id, status, withdrawn_reason, withdrawn_at from submissions order by load_number"
_FIND = "select status, n_accepted, n_rejected from submissions where submission_id = ? order by load_number"


def withdraw_submission(path: Path, submission_id: str, *, reason: str) -> tuple[int, int]:
    """Withdraw a loaded submission in one transaction.

    Parameters
    ----------
    path
        The store.
    submission_id
        As the ledger names it.
    reason
        Why, in words; kept in the ledger and in the archive.

    Returns
    -------
    tuple of int
        Accepted rows and quarantined rows that went.

    Raises
    ------
    StoreError
        There is no such loaded submission, rows of others depend on it, or the store cannot be opened.
        Nothing was changed.
    """
    if not path.exists():
        raise StoreError(where=str(path), what="no such database", fix="Name the file 'calcpci load' wrote.")
    at = datetime.now(UTC)
    with open_for_loading(path) as connection:
        require_whole(connection, path)
        found = run(connection, _FIND, [submission_id])
        if not found or found[-1][0] != "loaded":
            raise _not_loaded(submission_id, found)
        with transaction(connection):
            withdraw(connection, submission_id, reason=reason, at=at.replace(tzinfo=None))
            require_parents(connection, where=submission_id)
        run(connection, "checkpoint")
    bundle = find_bundle(archive_folder(path), submission_id)
    if bundle is not None:
        mark_withdrawn(bundle.path, reason=reason, at=at)
    return int(str(found[-1][1])), int(str(found[-1][2]))


def is_withdrawn(path: Path, submission_id: str) -> bool:
    """Tell whether the ledger says of a submission that it was withdrawn and not loaded again."""
    if not path.exists():
        return False
    with open_snapshot(path) as connection:
        found = run(connection, _FIND, [submission_id])
    return bool(found) and found[-1][0] == "withdrawn"


def finish_withdrawals(path: Path) -> bool:
    """Mark archived submissions whose withdrawal died between its transaction and its mark.

    Parameters
    ----------
    path
        The store.

    Returns
    -------
    bool
        Whether there was one.

    Raises
    ------
    StoreError
        The store or its archive cannot be read.
    """
    if not path.exists():
        return False
    with open_snapshot(path) as connection:
        return mark_withdrawals(connection, archive_folder(path))


def mark_withdrawals(connection: Connection, folder: Path) -> bool:
    """Mark archived submissions that the ledger says are withdrawn; tell whether there were any to mark."""
    latest = {str(name): (state, reason, at) for name, state, reason, at in run(connection, _STATES)}
    left = [name for name, (state, *_) in latest.items() if state == "withdrawn"]
    bundles = [bundle for name in left if (bundle := find_bundle(folder, name)) and bundle.withdrawn is None]
    for bundle in bundles:
        _, reason, at = latest[bundle.submission.submission_id]
        if isinstance(at, datetime):
            mark_withdrawn(bundle.path, reason=str(reason), at=at.replace(tzinfo=UTC))
    return bool(bundles)


def _not_loaded(submission_id: str, found: list[tuple[object, ...]]) -> StoreError:
    """Say that there is nothing to withdraw."""
    state = f"it is {found[-1][0]}" if found else "no such submission"
    return StoreError(
        where=submission_id, what=state, fix="See the loaded ones with 'calcpci submissions --db FILE'."
    )
