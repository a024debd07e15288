"""List, compare, withdraw and check the submissions of a store, as data and in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from analytics import pipeline
from analytics.errors import StoreError
from analytics.report.document import Table
from analytics.report.plain_text import render_table
from analytics.report.serialise import serialise
from analytics.store.archive import archive_folder, find_bundle, read_bundles
from analytics.store.publishing import is_published, snapshot_folder
from analytics.store.queries import read_submissions
from analytics.store.rebuilding import rebuild_store
from analytics.store.verification import verify_store
from analytics.store.withdrawal import finish_withdrawals, is_withdrawn, withdraw_submission
from analytics.submissions.difference import compare_submissions

if TYPE_CHECKING:
    from analytics.submissions.difference import SubmissionDifference
    from schemas.submission import SubmissionReport


_SITES_SHOWN = 4


def describe_submissions(db: Path) -> list[dict[str, Any]]:
    """Return the ledger in order of loading, JSON-ready, with ``is_archived`` for each submission.

    Raises
    ------
    StoreError
        The store or its archive cannot be read.
    """
    archived = {bundle.submission.submission_id for bundle in read_bundles(archive_folder(db))}
    ledger = read_submissions(db).sort("load_number").iter_rows(named=True)
    return [dict(serialise(row)) | {"is_archived": row["submission_id"] in archived} for row in ledger]


def render_submissions(entries: list[dict[str, Any]]) -> str:
    """Return the ledger as an aligned table, and the reasons of withdrawals below it."""
    rows = tuple(
        (
            entry["submission_id"],
            str(entry["received_at"])[:16],
            entry["source_name"],
            _sites(entry["site_ids"]),
            entry["gate"],
            _state(entry),
            f"{entry['n_accepted']:,}",
            f"{entry['n_rejected']:,}",
        )
        for entry in entries
    )
    header = ("submission", "received (UTC)", "source", "sites", "gate", "status", "accepted", "rejected")
    reasons = [
        f"{entry['submission_id']} withdrawn: {entry['withdrawn_reason']}"
        for entry in entries
        if entry["status"] == "withdrawn"
    ]
    return "\n".join([render_table(Table("Submissions", header, rows)), *reasons])


def compare(
    before: str,
    after: str,
    *,
    db: Path | None = None,
    mapping: str | None = None,
    secret: bytes | None = None,
) -> SubmissionDifference:
    """Compare two submissions, each given by its identifier in a store or by the path of its file.

    Parameters
    ----------
    before, after
        Identifier of an archived submission, or path of a file or folder.
    db
        The store whose archive is searched for identifiers.
    mapping, secret
        For files: as for `analytics.pipeline.prepare`.

    Raises
    ------
    StoreError
        Neither a submission of the store nor a path.
    InputFileError, MappingError, SecretMissingError
        A file cannot be read.
    """
    earlier, later = (_find(name, db=db, mapping=mapping, secret=secret) for name in (before, after))
    return compare_submissions(earlier, later)


def render_difference(found: SubmissionDifference) -> str:
    """Return a difference as aligned tables: rows, changed columns, findings."""
    rows = tuple(tuple(_text(value) for value in row) for row in found.rows.iter_rows())
    header = ("table", "before", "after", "added", "changed", "gone", "now rejected", "now accepted")
    parts = [render_table(Table("Rows, told apart by their keys", header, rows))]
    if found.columns.height:
        columns = tuple(tuple(_text(value) for value in row) for row in found.columns.iter_rows())
        parts.append(render_table(Table("Changed values", ("table", "column", "rows"), columns)))
    if found.findings.height:
        findings = tuple(_finding_row(row) for row in found.findings.iter_rows(named=True))
        names = ("rule", "level", "where", "new", "fixed", "gone", "open", "lines")
        parts.append(render_table(Table("Findings (gone: the row is not sent any more)", names, findings)))
    totals = found.findings.select(pl.col("n_new", "n_fixed", "n_gone", "n_open").sum()).row(0)
    parts.append("{:,} new, {:,} fixed, {:,} gone with their rows, {:,} still open.".format(*totals))
    return "\n\n".join(parts)


def withdraw(db: Path, submission_id: str, *, reason: str) -> str:
    """Withdraw a submission, publish what remains, and say what went.

    What an earlier withdrawal could not finish, because it died, is finished now.

    Raises
    ------
    StoreError
        There is no such loaded submission, or others depend on it; nothing was changed.
    """
    if _finish(db, submission_id):
        return f"{submission_id} was withdrawn before by a run that did not end; it is complete now."
    accepted, rejected = withdraw_submission(db, submission_id, reason=reason)
    pipeline.publish_again(db)
    return (
        f"{submission_id} withdrawn: {accepted:,} rows and {rejected:,} quarantined rows left the store. "
        "Load its files with --replace to bring it back."
    )


def _finish(db: Path, submission_id: str) -> bool:
    """Complete a withdrawal whose transaction ended; tell whether there was anything left to do."""
    if not is_withdrawn(db, submission_id):
        return False
    was_left = finish_withdrawals(db)
    if is_published(db, snapshot_folder(db)):
        return was_left
    pipeline.publish_again(db)
    return True


def check(db: Path) -> list[dict[str, Any]]:
    """Hold a store against its ledger and archive; JSON-ready.

    Raises
    ------
    StoreError
        The store or the archive cannot be read at all.
    """
    return [
        {"submission_id": item.submission_id, "is_sound": item.is_sound, "what": item.what}
        for item in verify_store(db)
    ]


def render_checks(checks: list[dict[str, Any]]) -> str:
    """Return the checks of a store, one per line, and the verdict."""
    lines = [f"{'ok ' if c['is_sound'] else 'BAD'} {c['submission_id']}: {c['what']}" for c in checks]
    n = sum(not c["is_sound"] for c in checks)
    remedy = "Make the store anew with 'calcpci fsck --db FILE --rebuild NEW'."
    verdict = f"{n} of {len(checks)} checks failed. {remedy}"
    return "\n".join([*lines, verdict if n else f"All {len(checks)} checks passed."])


def rebuild(db: Path, new: Path) -> str:
    """Make a store anew from the archive beside `db`, publish it, and say how much came back."""
    n = rebuild_store(archive_folder(db), new)
    pipeline.publish(new)
    return f"{new}: made anew from {n:,} archived submissions, with an archive of its own."


def _find(name: str, *, db: Path | None, mapping: str | None, secret: bytes | None) -> SubmissionReport:
    """Return the report of an archived submission or of a file."""
    bundle = None if db is None else find_bundle(archive_folder(db), name)
    if bundle is not None:
        return bundle.report
    if not Path(name).exists():
        raise StoreError(
            where=name,
            what="neither a submission of this store nor a file",
            fix="See 'calcpci submissions --db FILE', or name a file or folder.",
        )
    return pipeline.prepare([Path(name)], mapping=mapping, secret=secret).report


def _sites(names: list[str]) -> str:
    """Name a few sites, and say how many more there are."""
    more = len(names) - _SITES_SHOWN
    return ", ".join(names[:_SITES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _state(entry: dict[str, Any]) -> str:
    """Say whether a submission is in the store."""
    successor = entry["superseded_by"]
    return f"superseded by {successor}" if successor else str(entry["status"])


def _finding_row(row: dict[str, Any]) -> tuple[str, ...]:
    """Return one line of compared findings."""
    where = ".".join(str(part) for part in (row["table"], row["column"]) if part)
    counts = (f"{row[name]:,}" for name in ("n_new", "n_fixed", "n_gone", "n_open"))
    return (row["rule_id"], row["level"], where, *counts, ", ".join(map(str, row["lines"])))


def _text(value: object) -> str:
    """Write a count with thousands marks, and a name as it is."""
    return f"{value:,}" if isinstance(value, int) else str(value)
