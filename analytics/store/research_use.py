"""Which canonical rows are read for analysis.

Patients who refused research are stored, but left out of everything. Sites and patients come again with
every submission, each owning its own rows, so that a submission can be replaced exactly; the latest loaded
one speaks for them. One refusal is enough to leave a patient out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.store.engine import fetch_frame, run
from analytics.store.statements import quote_name, quote_names
from schemas.registry import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from analytics.store.engine import Connection

_REFUSED = "with refused as (select distinct patient_id from patients where research_use_allowed = false)"
_BY_PATIENT = "where patient_id not in (select patient_id from refused)"
_BY_PROCEDURE = """
where procedure_id not in (
    select procedures.procedure_id from procedures join refused on procedures.patient_id = refused.patient_id
)
"""
_BY_LESION = """
where lesion_id not in (
    select lesions.lesion_id
    from lesions
    join procedures on lesions.procedure_id = procedures.procedure_id
    join refused on procedures.patient_id = refused.patient_id
)
"""
_ALLOWED_ROWS: dict[str, str] = {
    "sites": "",
    "patients": _BY_PATIENT,
    "procedures": _BY_PATIENT,
    "lesions": _BY_PROCEDURE,
    "imaging": _BY_LESION,
    "device_uses": _BY_LESION,
    "complications": _BY_PROCEDURE,
    "follow_up": _BY_PATIENT,
    "events": _BY_PATIENT,
}


def select_allowed(
    connection: Connection, table: str, columns: Sequence[str], *, with_refusals: bool = False
) -> str:
    """Write a query for the rows of a canonical table whose patients allow research, each key once."""
    allowed = "" if with_refusals else _ALLOWED_ROWS[table]
    is_repeated = TABLES[table].is_shared and _has_several_submissions(connection, table)
    latest = _select_latest(table) if is_repeated else ()
    joint = ("and" if allowed else "where",) if latest else ()
    return " ".join(
        (_REFUSED, "select", quote_names(columns), "from", quote_name(table), allowed, *joint, *latest)
    )


def read_refusals(connection: Connection) -> pl.Series:
    """Read the pseudonyms of patients who refused research use in any submission."""
    sql = "select distinct patient_id from patients where research_use_allowed = false order by patient_id"
    return fetch_frame(connection, sql)["patient_id"]


def _has_several_submissions(connection: Connection, table: str) -> bool:
    """Tell whether a key can come twice: it cannot within one submission, and looking for it costs a join."""
    names = run(connection, " ".join(("select distinct submission_id from", quote_name(table), "limit 2")))
    return len(names) > 1


def _select_latest(table: str) -> tuple[str, ...]:
    """Write the condition that no later submission describes the row anew."""
    name, key = quote_name(table), quote_name(TABLES[table].primary_key)
    return (
        "not exists (select 1 from",
        name,
        "as later join submissions as theirs on later.submission_id = theirs.submission_id",
        f"join submissions as ours on ours.submission_id = {name}.submission_id",
        f"where later.{key} = {name}.{key} and theirs.load_number > ours.load_number)",
    )


def count_refusals(connection: Connection) -> int:
    """Count patients who refused research use."""
    rows = run(
        connection, "select count(distinct patient_id) from patients where research_use_allowed = false"
    )
    return int(str(rows[0][0]))
