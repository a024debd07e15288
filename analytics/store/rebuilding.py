"""Make a store anew from its archive: every load, replacement and withdrawal again, in order."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from analytics.errors import StoreError
from analytics.store.archive import archive_folder, read_bundles
from analytics.store.connection import open_for_loading
from analytics.store.engine import run, transaction
from analytics.store.ledger import withdraw
from analytics.store.writing import write_submission

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.store.archive import ArchivedGate, ArchivedSource, Bundle
    from schemas.submission import SubmissionReport


@dataclass(frozen=True, eq=False)
class _Prepared:
    """An archived submission in the shape that the loader takes."""

    submission: ArchivedSource
    report: SubmissionReport
    gate: ArchivedGate


def rebuild_store(folder: Path, path: Path) -> int:
    """Load every archived submission into a new store, under its old time and identifier; copy the archive.

    Parameters
    ----------
    folder
        The archive.
    path
        The new store; nothing may be there.

    Returns
    -------
    int
        Submissions that were loaded again, superseded and withdrawn ones included.

    Raises
    ------
    StoreError
        The path is taken, the archive is empty, or a bundle is damaged. Nothing is left at the path.
    """
    for taken in (path, archive_folder(path)):
        if taken.exists() and taken != folder:
            raise StoreError(where=str(taken), what="there is a file already", fix="Name a new file.")
    bundles = [bundle for bundle in read_bundles(folder) if bundle.is_loaded]
    if not bundles:
        raise StoreError(
            where=str(folder), what="no archived submission", fix="Load the sites' files into a new store."
        )
    steps = sorted(
        (step for bundle in bundles for step in _steps(bundle)), key=lambda step: (step[0], step[1])
    )
    draft = path.with_name(f".{path.name}.rebuilding")
    draft.unlink(missing_ok=True)
    try:
        with open_for_loading(draft) as connection:
            for at, is_withdrawal, bundle in steps:
                with transaction(connection):
                    if is_withdrawal:
                        reason = (bundle.withdrawn or {}).get("reason", "")
                        identifier = bundle.submission.submission_id
                        withdraw(connection, identifier, reason=reason, at=at.replace(tzinfo=None))
                    else:
                        prepared = _Prepared(bundle.submission, bundle.report, bundle.gate)
                        write_submission(connection, prepared, bundle.replaces, at)
            run(connection, "checkpoint")
        if archive_folder(path) != folder:
            shutil.copytree(folder, archive_folder(path))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return len(bundles)


def _steps(bundle: Bundle) -> list[tuple[datetime, bool, Bundle]]:
    """Return when a bundle was loaded, and when it was withdrawn."""
    loaded = (bundle.received_at, False, bundle)
    if bundle.withdrawn is None:
        return [loaded]
    return [loaded, (datetime.fromisoformat(bundle.withdrawn["at"]), True, bundle)]
