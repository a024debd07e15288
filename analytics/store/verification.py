"""Hold a store against its ledger and against its archive: what is damaged is said, never served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from analytics.errors import StoreError
from analytics.store.archive import archive_folder, mark_loaded, read_bundles
from analytics.store.catalogue import read_columns
from analytics.store.connection import open_snapshot
from analytics.store.engine import fetch_frame, run
from analytics.store.statements import CANONICAL_TABLES, quote_name, quote_names

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.store.archive import Bundle
    from analytics.store.engine import Connection

_LEDGER = """
select submission_id, sha256, status, n_accepted, n_rejected, received_at
from submissions
order by load_number
"""


@dataclass(frozen=True)
class StoreCheck:
    """One thing that was checked.

    Parameters
    ----------
    submission_id
        The submission it is about.
    is_sound
        Whether it holds.
    what
        What was found, in words; no cell value.
    """

    submission_id: str
    is_sound: bool
    what: str


def require_whole(connection: Connection, path: Path) -> None:
    """Refuse a store that does not hold the rows its ledger promises.

    Reads counts only: a damaged write-ahead log can lose committed rows in silence, and a count shows it.

    Raises
    ------
    StoreError
        Rows of a loaded submission are missing, or there are rows that no submission brought.
    """
    lost = [check for check in check_counts(connection) if not check.is_sound]
    if lost:
        raise StoreError(
            where=str(path),
            what=f"damaged ({lost[0].submission_id}: {lost[0].what})",
            fix="Run 'calcpci fsck --db FILE --rebuild NEW' to make it anew from the archive.",
        )


def check_counts(connection: Connection) -> list[StoreCheck]:
    """Hold the rows of each submission against the counts of the ledger."""
    held = _count_rows(connection)
    quarantined = _count_by_submission(connection, "quarantine")
    ledger = run(connection, _LEDGER)
    loaded = {str(row[0]): (int(str(row[3])), int(str(row[4]))) for row in ledger if row[2] == "loaded"}
    checks = [
        _compare_counts(name, expected, (held.get(name, 0), quarantined.get(name, 0)))
        for name, expected in loaded.items()
    ]
    strays = sorted((held.keys() | quarantined.keys()) - loaded.keys())
    return checks + [StoreCheck(name, is_sound=False, what="rows without a ledger entry") for name in strays]


def verify_store(path: Path) -> list[StoreCheck]:
    """Hold a store against its ledger and its archive, row by row and value by value.

    Parameters
    ----------
    path
        The store.

    Returns
    -------
    list of StoreCheck
        Counts of each loaded submission, its archive, and the equality of both.

    Raises
    ------
    StoreError
        The store or the archive cannot be read at all.
    """
    bundles = {bundle.submission.sha256: bundle for bundle in read_bundles(archive_folder(path))}
    with open_snapshot(path) as connection:
        checks = check_counts(connection)
        for name, sha256, status, *_ in run(connection, _LEDGER):
            if status == "loaded":
                checks.append(_check_archived(connection, str(name), bundles.get(str(sha256))))
    return checks


def mark_committed(connection: Connection, folder: Path) -> None:
    """Mark bundles as loaded whose process died between the end of the transaction and the mark."""
    open_bundles = [bundle for bundle in read_bundles(folder) if not bundle.is_loaded]
    if open_bundles:
        ledger = {(str(row[0]), row[5]) for row in run(connection, _LEDGER)}
        for bundle in open_bundles:
            if (bundle.submission.submission_id, bundle.received_at.replace(tzinfo=None)) in ledger:
                mark_loaded(bundle.path)


def _count_rows(connection: Connection) -> dict[str, int]:
    """Count canonical rows by submission, over all tables."""
    counts: dict[str, int] = {}
    for table in CANONICAL_TABLES:
        for name, n in _count_by_submission(connection, table).items():
            counts[name] = counts.get(name, 0) + n
    return counts


def _count_by_submission(connection: Connection, table: str) -> dict[str, int]:
    """Count the rows of one table by submission."""
    words = ("select submission_id, count(*) from", quote_name(table), "group by submission_id")
    return {str(name): int(str(n)) for name, n in run(connection, " ".join(words))}


def _compare_counts(name: str, expected: tuple[int, int], found: tuple[int, int]) -> StoreCheck:
    """Say whether the counts of one submission agree."""
    if expected == found:
        return StoreCheck(
            name, is_sound=True, what=f"{found[0]:,} rows and {found[1]:,} in quarantine, as loaded"
        )
    what = (
        f"{found[0]:,} of {expected[0]:,} accepted rows and {found[1]:,} of {expected[1]:,} rejected rows "
        "are there"
    )
    return StoreCheck(name, is_sound=False, what=what)


def _check_archived(connection: Connection, name: str, bundle: Bundle | None) -> StoreCheck:
    """Compare every row of one submission with the archive."""
    if bundle is None:
        return StoreCheck(name, is_sound=False, what="not in the archive: it could not be restored")
    try:
        report = bundle.report
    except StoreError:
        return StoreCheck(name, is_sound=False, what="its archived files are damaged")
    differing = [
        table
        for table in CANONICAL_TABLES
        if table in report.tables and not _equals(connection, table, name, report.tables[table].accepted)
    ]
    if differing:
        tables = ", ".join(differing)
        return StoreCheck(name, is_sound=False, what=f"{tables}: rows differ from the archive")
    return StoreCheck(name, is_sound=True, what="every row as archived")


def _equals(connection: Connection, table: str, name: str, archived: pl.DataFrame) -> bool:
    """Tell whether a table holds exactly the archived rows of a submission."""
    # Where a row stood in the files is in the archive only.
    kept = set(read_columns(connection, table)) - {"record", "file"}
    columns = [column for column in archived.columns if column in kept]
    words = ("select", quote_names(columns), "from", quote_name(table), "where submission_id = ?")
    stored = fetch_frame(connection, " ".join(words), [name])
    expected = archived.select(columns)
    if stored.height != expected.height:
        return False
    return stored.cast(expected.schema).sort(columns).equals(expected.sort(columns), null_equal=True)
