"""What `calcpci status` shows: rows, submissions, gates, and the raw material of follow-up completeness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.errors import StoreError
from analytics.store.catalogue import read_columns, read_table_names
from analytics.store.connection import open_snapshot
from analytics.store.engine import fetch_frame, run
from analytics.store.research_use import count_refusals
from analytics.store.statements import CANONICAL_TABLES, quote_name, select_rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

    from analytics.store.engine import Connection

# Days count from 1970-01-01 where there are dates, and from the patient's time zero where there are none.
_FOLLOW_UP = """
with starts as (
    select
        patient_id,
        min(coalesce(procedure_day, procedure_date - date '1970-01-01')) as start_day,
        max(coalesce(discharge_day, discharge_date - date '1970-01-01')) as discharge_day
    from procedures
    group by patient_id
),
contacts as (
    select
        patient_id,
        max(case when vital_status <> 'lost'
            then coalesce(contact_day, contact_date - date '1970-01-01') end) as last_status_day,
        max(case when vital_status <> 'lost' and nonfatal_events_assessed
            then coalesce(contact_day, contact_date - date '1970-01-01') end) as last_assessed_day
    from follow_up
    group by patient_id
),
deaths as (
    select patient_id, min(coalesce(event_day, event_date - date '1970-01-01')) as death_day
    from events
    where event_type = 'death'
    group by patient_id
)
select
    patients.site_id,
    sites.followup_source,
    starts.start_day,
    starts.discharge_day,
    contacts.last_status_day,
    contacts.last_assessed_day,
    deaths.death_day,
    coalesce(sites.data_cutoff_day, sites.data_cutoff_date - date '1970-01-01') as cutoff_day
from (select distinct patient_id, site_id from patients) as patients
join starts on patients.patient_id = starts.patient_id
left join (
    select site_id, max(followup_source) as followup_source, max(data_cutoff_date) as data_cutoff_date,
        max(data_cutoff_day) as data_cutoff_day
    from sites
    group by site_id
) as sites on patients.site_id = sites.site_id
left join contacts on patients.patient_id = contacts.patient_id
left join deaths on patients.patient_id = deaths.patient_id
order by patients.site_id, starts.start_day, patients.patient_id
"""


@dataclass(frozen=True, eq=False)
class StoreStatus:
    """The state of a store.

    Parameters
    ----------
    rows
        Rows of each canonical table, in load order.
    submissions
        The ledger: one row per submission, superseded ones included, in order of loading.
    n_quarantined, n_findings
        Rejected rows kept, and findings (rows of the findings table).
    n_patients_refused
        Patients who refused research use: stored, but left out of every analysis.
    follow_up
        One row per patient with a procedure: ``site_id``, ``followup_source``, ``start_day``,
        ``discharge_day``, ``last_status_day`` (vital status known), ``last_assessed_day`` (non-fatal events
        asked about), ``death_day``, ``cutoff_day`` (Int64 days since 1970-01-01, or since the patient's time
        zero at sites with relative days; null where unknown). No identifier of a patient.
    """

    rows: Mapping[str, int]
    submissions: pl.DataFrame
    n_quarantined: int
    n_findings: int
    n_patients_refused: int
    follow_up: pl.DataFrame


def read_status(path: Path) -> StoreStatus:
    """Read the state of a store.

    Parameters
    ----------
    path
        The database that `calcpci load` wrote.

    Returns
    -------
    StoreStatus
        Counts over everything that is loaded, patients who refused research use included.

    Raises
    ------
    StoreError
        The file cannot be read or is no store.
    """
    with open_snapshot(path) as connection:
        if "quarantine" not in read_table_names(connection):
            raise StoreError(
                where=str(path), what="not a store", fix="Name the file that 'calcpci load' wrote."
            )
        ledger = select_rows("submissions", read_columns(connection, "submissions"), "order by load_number")
        return StoreStatus(
            rows={name: _count(connection, name) for name in CANONICAL_TABLES},
            submissions=fetch_frame(connection, ledger),
            n_quarantined=_count(connection, "quarantine"),
            n_findings=_count(connection, "findings"),
            n_patients_refused=count_refusals(connection),
            follow_up=fetch_frame(connection, _FOLLOW_UP),
        )


def _count(connection: Connection, table: str) -> int:
    """Count the rows of a table."""
    return int(str(run(connection, " ".join(("select count(*) from", quote_name(table))))[0][0]))
