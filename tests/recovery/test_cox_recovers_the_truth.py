"""A Cox model on a drawn registry finds the hazard ratios that the registry was drawn with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl
import pytest

from analytics.cohort.eligibility import derive_cohort
from analytics.cohort.endpoints import bundled_endpoints
from analytics.cohort.tables import RegistryTables
from analytics.cohort.time_to_event import derive_time_to_event
from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec, Factor
from analytics.survival.results import CoxFit
from synthetic.registry import generate_registry
from synthetic.scenario import load_scenario

if TYPE_CHECKING:
    from typing import Any

PROCEDURES = 40_000
# Devices that many patients had, each against plain balloon; their true ratio is 1.
DEVICES = ("plain_balloon", "nc_balloon", "rotational_atherectomy", "intravascular_lithotripsy")


@pytest.fixture(scope="module")
def drawn() -> tuple[CoxFit, dict[str, Any]]:
    registry = generate_registry(load_scenario("default"), procedures=PROCEDURES, seed=20)
    tables = RegistryTables(**registry.tables)
    cohort = derive_cohort(tables)
    times = derive_time_to_event(cohort, tables, bundled_endpoints()["cardiac_death"])
    extra = tables.procedures.select("procedure_id", "prior_stroke", "smoking")
    left_main = tables.lesions.group_by("procedure_id").agg(left_main=(pl.col("vessel") == "LM").any())
    rows = (
        cohort.procedures.join(times.select("procedure_id", "time_days", "cause"), on="procedure_id")
        .join(extra, on="procedure_id")
        .join(left_main, on="procedure_id")
        .filter(pl.col("strategy_intended").is_in(DEVICES), pl.col("presentation_group") != "other_unknown")
        .with_columns(
            event=pl.col("cause") == 1,
            age_per_10_years=pl.col("age_years") / 10,
            current_smoking=pl.col("smoking") == "current",
            acute=pl.col("presentation_group") == "acute",
        )
    )
    covariates = ("age_per_10_years", "dialysis", "has_diabetes", "ckd", "prior_stroke", "current_smoking")
    device = Factor("strategy_intended", DEVICES, "plain_balloon")
    spec = CoxSpec("time_days", "event", (*covariates, "left_main", "lvef_pct", "acute", device))
    fit = fit_cox(rows, spec)
    assert isinstance(fit, CoxFit)
    return fit, registry.truth


def _log_ratio(fit: CoxFit, term: str) -> tuple[float, float]:
    row = fit.table.row(by_predicate=pl.col("term") == term, named=True)
    return row["coefficient"], row["std_error"]


@pytest.mark.parametrize(
    ("term", "key"),
    [
        ("age_per_10_years", "age_per_10_years"),
        ("dialysis", "dialysis"),
        ("has_diabetes", "diabetes"),
        ("lvef_pct", "lvef_per_pct"),
        ("acute", "acute"),
        ("prior_stroke", "prior_stroke"),
    ],
)
def test_covariate_ratios_lie_within_three_standard_errors(
    drawn: tuple[CoxFit, dict[str, Any]], term: str, key: str
) -> None:
    fit, truth = drawn
    true = math.log(truth["hazards"]["cardiac_death"]["covariate_hazard_ratio"][key])
    estimate, error = _log_ratio(fit, term)
    assert error < 0.25
    assert abs(estimate - true) < 3 * error


@pytest.mark.parametrize("device", DEVICES[1:])
def test_no_device_effect_is_made_out_of_confounding(
    drawn: tuple[CoxFit, dict[str, Any]], device: str
) -> None:
    fit, truth = drawn
    assert truth["device_hazard_ratio"][device] == 1.0
    # The recorded grade is a misreading of the true one, so a trace of its effect stays with the device.
    estimate, error = _log_ratio(fit, f"strategy_intended={device}")
    assert abs(estimate) < 3 * error + 0.1
