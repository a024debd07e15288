"""Leave out patients who refused research: stored, but out of everything that is read for analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.store.engine import run
from analytics.store.statements import quote_name, quote_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.store.engine import Connection

_REFUSED = "with refused as (select patient_id from patients where research_use_allowed = false)"
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


def select_allowed(table: str, columns: Sequence[str]) -> str:
    """Write a query for the rows of a canonical table whose patients allow research."""
    return " ".join(
        (_REFUSED, "select", quote_names(columns), "from", quote_name(table), _ALLOWED_ROWS[table])
    )


def count_refusals(connection: Connection) -> int:
    """Count patients who refused research use."""
    rows = run(connection, "select count(*) from patients where research_use_allowed = false")
    return int(str(rows[0][0]))
