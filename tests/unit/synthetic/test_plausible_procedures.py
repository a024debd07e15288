"""What belongs together in a procedure goes together."""

from __future__ import annotations

import polars as pl
import pytest

from synthetic.registry import Registry, generate_registry
from synthetic.scenario import load_scenario


@pytest.fixture(scope="module")
def registry() -> Registry:
    return generate_registry(load_scenario("default"), procedures=12_000, seed=53)


@pytest.fixture(scope="module")
def procedures(registry: Registry) -> pl.DataFrame:
    by_visit = registry.tables["lesions"].group_by("procedure_id")
    lesions = by_visit.agg(pl.len().alias("lesions"), pl.col("cto").any().alias("occluded"))
    return registry.tables["procedures"].join(lesions, on="procedure_id")


def mean(rows: pl.DataFrame, column: str) -> float:
    value = rows[column].cast(pl.Float64).mean()
    assert isinstance(value, float)
    return value


def test_more_lesions_and_occlusions_take_more_contrast_and_radiation(procedures: pl.DataFrame) -> None:
    for column, least in (("contrast_ml", 25), ("radiation_air_kerma_mgy", 100)):
        simple = mean(procedures.filter(lesions=1, occluded=False), column)
        assert mean(procedures.filter(lesions=2, occluded=False), column) > simple + least
        assert mean(procedures.filter(lesions=1, occluded=True), column) > simple + least
    both = procedures.select(pl.corr("contrast_ml", "radiation_air_kerma_mgy")).item()
    assert both > 0.3


def test_shock_is_found_in_stemi_only_and_oftener_in_those_who_die(procedures: pl.DataFrame) -> None:
    assert procedures.filter(cardiogenic_shock=True)["presentation"].is_in(["stemi", "unknown"]).all()
    stemi = procedures.filter(presentation="stemi")
    dead, alive = (mean(stemi.filter(discharge_status=s), "cardiogenic_shock") for s in ("dead", "alive"))
    assert dead > 3 * alive > 0.09
