"""Regression of times to an event."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import polars as pl

from analytics.refusals import NotEstimable
from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec, Factor
from synthetic.study.answers import Answer, StudyEstimator, StudyTest, symmetric
from synthetic.study.truths import GROUPS

if TYPE_CHECKING:
    from synthetic.study.frames import Replicate

_COVARIATES = (
    "age_per_10_years",
    "dialysis",
    "has_diabetes",
    "ckd",
    "prior_stroke",
    "current_smoking",
    "left_main",
    "lvef_pct",
    "acute",
)
_GRADES = ("none", "mild", "moderate", "severe")


def _cox_device(*, adjusted: bool) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build the Cox model of cardiac death on the device, alone or with everything recorded."""

    def run(replicate: Replicate) -> Answer | NotEstimable:
        rows = _two_devices(replicate.outcome("cardiac_death"))
        device = Factor("strategy", GROUPS, GROUPS[0])
        severity = Factor("severity", _GRADES, "none")
        terms = (*_COVARIATES, severity, device) if adjusted else (device,)
        return _coefficient(rows, terms, f"strategy={GROUPS[1]}")

    return run


def _two_devices(rows: pl.DataFrame) -> pl.DataFrame:
    """Keep the patients given one of the two devices whose grade and covariates are known."""
    known = rows.filter(pl.col("strategy").is_in(list(GROUPS)), pl.col("severity").is_in(list(_GRADES)))
    return known.drop_nulls(_COVARIATES)


def _cox_severity(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the hazard ratio of cardiac death, severe against no calcification, adjusted."""
    rows = replicate.outcome("cardiac_death").filter(pl.col("severity").is_in(list(_GRADES)))
    terms = (*_COVARIATES, Factor("severity", _GRADES, "none"))
    return _coefficient(rows.drop_nulls(_COVARIATES), terms, "severity=severe")


def _coefficient(rows: pl.DataFrame, terms: tuple[str | Factor, ...], term: str) -> Answer | NotEstimable:
    """Fit a Cox model and read one coefficient."""
    fit = fit_cox(rows.with_columns(event=pl.col("cause") == 1), CoxSpec("time_days", "event", terms))
    if isinstance(fit, NotEstimable):
        return fit
    row = fit.table.row(by_predicate=pl.col("term") == term, named=True)
    return symmetric(row["coefficient"], row["std_error"])


ESTIMATORS: dict[str, StudyEstimator] = {
    "crude_cox_device": StudyEstimator(
        "device_log_hr", _cox_device(adjusted=False), "Cox, device alone, cardiac death: confounded"
    ),
    "adjusted_cox_device": StudyEstimator(
        "device_log_hr", _cox_device(adjusted=True), "Cox, device with all recorded covariates, cardiac death"
    ),
    "adjusted_cox_severity": StudyEstimator(
        "severity_log_hr", _cox_severity, "Cox, severe against no calcification as recorded, cardiac death"
    ),
}
"""Analyses by name."""

TESTS: dict[str, StudyTest] = {}
"""Tests by name."""
