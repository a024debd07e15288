"""Take a submission back out of the store: its rows go, its ledger entry stays and says why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from analytics.errors import StoreError
from analytics.store.archive import archive_folder, find_bundle, mark_withdrawn
from analytics.store.connection import open_for_loading
from analytics.store.engine import run, transaction
from analytics.store.integrity import require_parents
from analytics.store.ledger import withdraw
from analytics.store.verification import require_whole

if TYPE_CHECKING:
    from pathlib import Path

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


def _not_loaded(submission_id: str, found: list[tuple[object, ...]]) -> StoreError:
    """Say that there is nothing to withdraw."""
    state = f"it is {found[-1][0]}" if found else "no such submission"
    return StoreError(
        where=submission_id, what=state, fix="See the loaded ones with 'calcpci submissions --db FILE'."
    )
