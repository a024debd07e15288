"""Procedures and complication records written out row by row, in the columns that rates read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from schemas.registry import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

UNIT_SCHEMA = {
    "lesion_id": pl.String,
    "procedure_id": pl.String,
    "patient_id": pl.String,
    "procedure_day": pl.Int64,
    "severity": pl.String,
    "strategy_intended": pl.String,
    "strategy_as_treated": pl.String,
    "complications_recorded": pl.String,
    "used_rotational_atherectomy": pl.Boolean,
    "used_orbital_atherectomy": pl.Boolean,
    "used_elca": pl.Boolean,
    "used_balloon": pl.Boolean,
    "devices_recorded": pl.Boolean,
    "timi_post": pl.Int64,
}
DEFAULTS = {
    "severity": "severe",
    "strategy_intended": "nc_balloon",
    "strategy_as_treated": "nc_balloon",
    "complications_recorded": "all",
    "used_rotational_atherectomy": False,
    "used_orbital_atherectomy": False,
    "used_elca": False,
    "used_balloon": True,
    "devices_recorded": True,
}


@dataclass(frozen=True, eq=False)
class Frames:
    """Stands in for a cohort and for the tables."""

    procedures: pl.DataFrame
    lesions: pl.DataFrame
    complications: pl.DataFrame
    device_uses: pl.DataFrame


@pytest.fixture
def frames() -> Callable[..., Frames]:
    """Build units and records; a list of lesions replaces the one lesion of each procedure."""

    def build(
        procedures: list[dict[str, Any]],
        records: list[dict[str, Any]] | None = None,
        lesions: list[dict[str, Any]] | None = None,
        uses: list[dict[str, Any]] | None = None,
    ) -> Frames:
        treated = lesions or [{**row, "lesion_id": f"{row['procedure_id']}-1"} for row in procedures]
        return Frames(
            procedures=_typed(procedures).drop("lesion_id", "timi_post"),
            lesions=_typed(treated),
            complications=_canonical("complications", records or []),
            device_uses=_canonical("device_uses", uses or []),
        )

    return build


def _canonical(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Write rows out as a canonical table; what is not given is missing."""
    types = TABLES[table].dtypes
    return pl.DataFrame({name: [row.get(name) for row in rows] for name in types}, schema=types)


def _typed(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Fill defaults and fix types."""
    # Every procedure is of a patient of its own unless a row says otherwise.
    filled = [{**DEFAULTS, "patient_id": row["procedure_id"], **row} for row in rows]
    return pl.DataFrame({name: [row.get(name) for row in filled] for name in UNIT_SCHEMA}, schema=UNIT_SCHEMA)
