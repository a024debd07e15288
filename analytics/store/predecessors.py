"""Which loaded submissions a new export of the same source replaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from analytics.store.connection import open_snapshot
from analytics.store.engine import registered, run
from analytics.store.statements import CANONICAL_TABLES, quote_name
from schemas.registry import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from analytics.store.engine import Connection
    from analytics.store.prepared import PreparedSubmission
    from schemas.submission import SubmissionReport

_FIND_SAME_SOURCE = """
select submission_id, site_ids, sha256
from submissions
where status = 'loaded' and (source_name = ? or sha256 = ?)
order by load_number desc
"""


@dataclass(frozen=True)
class LoadedSource:
    """A loaded submission and the sites it speaks for."""

    submission_id: str
    site_ids: frozenset[str]


def find_replaced(connection: Connection, prepared: PreparedSubmission) -> tuple[LoadedSource, ...]:
    """Return the loaded submissions that this one would replace, in order of loading.

    Parameters
    ----------
    connection
        An open store.
    prepared
        A submission replaces those of its source name and sites that hold rows under its keys: a corrected
        export of an earlier quarter takes the place of that quarter. Where it shares no key with any, it
        takes the place of the most recently loaded one of each of its sites. The same content is always
        replaced.
    """
    submission = prepared.submission
    names = [submission.source_name, submission.sha256]
    # A submission of rows below known patients may name no site: it then stands for itself.
    own_sites = set(submission.site_ids) or {""}
    candidates = [
        (LoadedSource(str(identifier), frozenset(_texts(ids))), sha256 == submission.sha256)
        for identifier, ids, sha256 in run(connection, _FIND_SAME_SOURCE, names)
    ]
    sharing = _find_sharing(connection, prepared.report)
    of_site = [(source, same) for source, same in candidates if own_sites & (source.site_ids or {""}) or same]
    kin = [source for source, same in of_site if same or source.submission_id in sharing]
    return tuple(reversed(kin or _latest_of_each_site(of_site, own_sites)))


def find_predecessors(path: Path, prepared: PreparedSubmission) -> tuple[str, ...]:
    """Return the identifiers of the loaded submissions that ``replace=True`` would supersede.

    Parameters
    ----------
    path
        The store; a path without a file has none.
    prepared
        The new submission, validated by itself.

    Raises
    ------
    StoreError
        The store cannot be read.
    """
    if not path.exists():
        return ()
    with open_snapshot(path) as connection:
        return tuple(source.submission_id for source in find_replaced(connection, prepared))


def _latest_of_each_site(
    candidates: list[tuple[LoadedSource, bool]], own_sites: set[str]
) -> list[LoadedSource]:
    """Take for each site the submission that was loaded last."""
    open_sites = set(own_sites)
    found = []
    for source, _ in candidates:
        shared = open_sites & (source.site_ids or {""})
        if shared:
            found.append(source)
            open_sites -= shared
    return found


def _find_sharing(connection: Connection, report: SubmissionReport) -> set[str]:
    """Name the submissions that hold a row under a key of this one; sites and patients may recur."""
    found: set[str] = set()
    for name in CANONICAL_TABLES:
        if name in report.tables and not TABLES[name].is_shared:
            found |= _find_holders(connection, report, name)
    return found


def _find_holders(connection: Connection, report: SubmissionReport, table: str) -> set[str]:
    """Name the submissions that hold a row of one table under a key of this one."""
    key = TABLES[table].primary_key
    sent = report.tables[table]
    columns = [frame.get_column(key).cast(pl.String) for frame in (sent.accepted, sent.rejected)]
    keys = pl.concat(columns).drop_nulls().unique().alias("key").to_frame()
    with registered(connection, keys) as source:
        words = ("select distinct submission_id from", quote_name(table), "where", quote_name(key))
        rows = run(connection, " ".join((*words, "in (select key from", quote_name(source), ")")))
    return {str(row[0]) for row in rows}


def _texts(values: object) -> list[str]:
    """Read a list of the database as texts."""
    return [str(value) for value in values] if isinstance(values, list) else []
