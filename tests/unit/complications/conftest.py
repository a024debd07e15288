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
    "severity": pl.String,
    "strategy_intended": pl.String,
    "strategy_as_treated": pl.String,
    "complications_recorded": pl.String,
    "used_rotational_atherectomy": pl.Boolean,
    "used_orbital_atherectomy": pl.Boolean,
    "used_balloon": pl.Boolean,
    "devices_recorded": pl.Boolean,
}
DEFAULTS = {
    "severity": "severe",
    "strategy_intended": "nc_balloon",
    "strategy_as_treated": "nc_balloon",
    "complications_recorded": "all",
    "used_rotational_atherectomy": False,
    "used_orbital_atherectomy": False,
    "used_balloon": True,
    "devices_recorded": True,
}


@dataclass(frozen=True, eq=False)
class Frames:
    """Stands in for a cohort and for the tables."""

    procedures: pl.DataFrame
    lesions: pl.DataFrame
    complications: pl.DataFrame


@pytest.fixture
def frames() -> Callable[..., Frames]:
    """Build units and records; a list of lesions replaces the one lesion of each procedure."""

    def build(
        procedures: list[dict[str, Any]],
        records: list[dict[str, Any]] | None = None,
        lesions: list[dict[str, Any]] | None = None,
    ) -> Frames:
        treated = lesions or [{**row, "lesion_id": f"{row['procedure_id']}-1"} for row in procedures]
        types = TABLES["complications"].dtypes
        filled = [{"complication_id": str(number), **row} for number, row in enumerate(records or [])]
        return Frames(
            procedures=_typed(procedures).drop("lesion_id"),
            lesions=_typed(treated),
            complications=pl.DataFrame(
                {name: [row.get(name) for row in filled] for name in types}, schema=types
            ),
        )

    return build


def _typed(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Fill defaults and fix types."""
    filled = [{**DEFAULTS, **row} for row in rows]
    return pl.DataFrame({name: [row.get(name) for row in filled] for name in UNIT_SCHEMA}, schema=UNIT_SCHEMA)
