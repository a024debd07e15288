"""`calcpci status`: what a store holds, and how complete the follow-up of its sites is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from analytics.report.document import Table
from analytics.report.plain_text import render_table
from analytics.report.serialise import serialise
from analytics.store.status import read_status
from analytics.survival.follow_up import FollowUpCompleteness, measure_completeness

if TYPE_CHECKING:
    from pathlib import Path

HORIZON_DAYS = 365
_CLOCKS = {"vital_status": "last_status_day", "nonfatal_events": "last_assessed_day"}


def describe_store(db: Path) -> dict[str, Any]:
    """Return submissions, gates, row counts and follow-up completeness, JSON-ready.

    Parameters
    ----------
    db
        The store that `calcpci load` wrote.

    Returns
    -------
    dict
        ``rows`` by table, ``submissions`` (the ledger), ``n_quarantined``, ``n_findings``,
        ``n_patients_refused`` and ``follow_up``: per site Clark's C at one year, for vital status and for
        non-fatal events; sites with linkage are complete to their cut-off by construction.

    Raises
    ------
    StoreError
        If there is no such store, or it cannot be read.
    """
    status = read_status(db)
    return {
        "rows": dict(status.rows),
        "submissions": serialise(status.submissions),
        "n_quarantined": status.n_quarantined,
        "n_findings": status.n_findings,
        "n_patients_refused": status.n_patients_refused,
        "follow_up": [
            _describe_site(str(site), rows)
            for (site,), rows in status.follow_up.group_by(["site_id"], maintain_order=True)
        ],
    }


def _describe_site(site: str, rows: pl.DataFrame) -> dict[str, Any]:
    """Return follow-up completeness of one site."""
    source = rows["followup_source"][0]
    shares = {name: _completeness(rows, column, site) for name, column in _CLOCKS.items()}
    return {"site_id": site, "followup_source": source, "n_patients": rows.height, **shares}


def _completeness(rows: pl.DataFrame, column: str, site: str) -> float | None:
    """Return Clark's C of one clock at one year, or None where nothing of the kind was recorded.

    A site that declares no cut-off is measured against the last day that it reports of anybody.
    """
    if rows[column].null_count() == rows.height and rows["followup_source"][0] != "linkage":
        return None
    start = pl.col("start_day")
    seen = pl.max_horizontal(pl.col(column), pl.col("discharge_day"), start)
    died = pl.col("death_day").is_not_null()
    # At linkage sites silence up to the cut-off means alive and free of events.
    last = pl.when(pl.col("followup_source") == "linkage").then(pl.col("cutoff_day")).otherwise(seen)
    known = rows.select(
        time_days=pl.when(died).then(pl.col("death_day")).otherwise(last) - start,
        cause=died.cast(pl.Int8),
        potential_days=pl.coalesce("cutoff_day", pl.max_horizontal(*_CLOCKS.values(), "death_day").max())
        - start,
    ).filter(pl.col("time_days") >= 0, pl.col("potential_days") >= 0)
    found = measure_completeness(known, group=site, horizon_days=HORIZON_DAYS)
    return found.completeness if isinstance(found, FollowUpCompleteness) else None


def render_store(found: dict[str, Any]) -> str:
    """Return what `describe_store` found as aligned tables."""
    rows = tuple((name, f"{count:,}") for name, count in found["rows"].items())
    ledger = tuple(_ledger_row(entry) for entry in found["submissions"])
    sites = tuple(_site_row(entry) for entry in found["follow_up"])
    parts = [
        Table("Rows", ("table", "rows"), rows),
        Table("Submissions", ("submission", "source", "gate", "status", "accepted", "rejected"), ledger),
        Table(
            "Follow-up completeness at one year (Clark's C: observed over potential person-time)",
            ("site", "source", "patients", "vital status", "non-fatal events"),
            sites,
        ),
    ]
    tail = (
        f"{found['n_quarantined']:,} rows in quarantine, {found['n_findings']:,} findings, "
        f"{found['n_patients_refused']:,} patients who refused research use (stored, never analysed)."
    )
    return "\n\n".join([*(render_table(part) for part in parts), tail])


def _ledger_row(entry: dict[str, Any]) -> tuple[str, ...]:
    """Return one line of the ledger."""
    counts = (f"{entry['n_accepted']:,}", f"{entry['n_rejected']:,}")
    return (entry["submission_id"], entry["source_name"], entry["gate"], entry["status"], *counts)


def _site_row(entry: dict[str, Any]) -> tuple[str, ...]:
    """Return one line of follow-up completeness."""
    shares = tuple("n/a" if entry[name] is None else f"{entry[name]:.1%}" for name in _CLOCKS)
    return (entry["site_id"], entry["followup_source"] or "", f"{entry['n_patients']:,}", *shares)
