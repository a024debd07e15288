"""Small registries written out row by row."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from analytics.cohort.tables import RegistryTables
from schemas.registry import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DAY_0 = dt.date(2020, 1, 1)

DEFAULTS: dict[str, dict[str, Any]] = {
    "sites": {"site_id": "A", "date_policy": "actual", "followup_source": "active_contact"},
    "patients": {"site_id": "A", "sex": "male", "research_use_allowed": True},
    "procedures": {
        "site_id": "A",
        "age_years": 70,
        "presentation": "stable_angina",
        "discharge_status": "alive",
        "complications_recorded": "all",
    },
    "lesions": {
        "lesion_number": 1,
        "vessel": "LAD",
        "calcification_angio": "severe",
        "calcification_assessor": "operator",
    },
    "imaging": {"stage": "baseline"},
    "device_uses": {"role": "modification"},
    "complications": {"timing": "in_lab"},
    "follow_up": {"vital_status": "alive", "nonfatal_events_assessed": True, "contact_method": "clinic"},
    "events": {"event_date_precision": "day", "planned_staged": False},
}


def day(number: int) -> dt.date:
    """Calendar date of a day counted from 1 January 2020."""
    return DAY_0 + dt.timedelta(days=number)


def build_table(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Typed frame of a canonical table; primary keys are numbered where none is given."""
    table = TABLES[name]
    filled = [
        {table.primary_key: f"{name}-{number}", **DEFAULTS[name], **row} for number, row in enumerate(rows)
    ]
    columns = {column: [row.get(column) for row in filled] for column in table.dtypes}
    unknown = {key for row in filled for key in row} - set(table.dtypes)
    assert not unknown, f"test names unknown columns {unknown} of {name}"
    return pl.DataFrame(columns, schema=table.dtypes)


@pytest.fixture
def registry() -> Callable[..., RegistryTables]:
    """Build canonical tables from rows, with patients, a site and one lesion a procedure where not given."""

    def build(**rows: list[dict[str, Any]]) -> RegistryTables:
        procedures = rows.get("procedures", [])
        names = sorted({row["patient_id"] for row in procedures})
        given = {
            "sites": [{}],
            "patients": [{"patient_id": name} for name in names],
            "lesions": [
                {"lesion_id": f"{row['procedure_id']}-1", "procedure_id": row["procedure_id"]}
                for row in procedures
            ],
            **rows,
        }
        return RegistryTables(**{name: build_table(name, given.get(name, [])) for name in TABLES})

    return build


@pytest.fixture
def one_patient(registry: Callable[..., RegistryTables]) -> Callable[..., RegistryTables]:
    """One patient P with procedure X on day 0, discharged alive on day 2, plus whatever is given."""

    def build(
        *,
        procedure: dict[str, Any] | None = None,
        later: Sequence[dict[str, Any]] = (),
        **rows: list[dict[str, Any]],
    ) -> RegistryTables:
        index = {"procedure_id": "X", "procedure_date": day(0), "discharge_date": day(2), **(procedure or {})}
        procedures = [{"patient_id": "P", **row} for row in (index, *later)]
        of_patient = {
            name: [{"patient_id": "P", **row} for row in rows.pop(name, [])]
            for name in ("follow_up", "events")
        }
        return registry(procedures=procedures, **of_patient, **rows)

    return build
