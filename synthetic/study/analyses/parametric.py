"""Parametric models of time."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.refusals import NotEstimable
from analytics.survival.accelerated_failure_time import fit_accelerated_failure_time
from analytics.survival.cox_design import Factor
from analytics.survival.parametric_predictions import predict_parametric_survival
from analytics.survival.parametric_rows import ParametricSpec
from analytics.survival.piecewise_exponential import fit_piecewise_exponential
from analytics.survival.royston_parmar import fit_royston_parmar
from synthetic.study.analyses.cox_fits import (
    COVARIATES,
    GRADES,
    add_hypertension,
    complete_cases,
    log_limits,
    read_term,
)
from synthetic.study.answers import Answer, StudyEstimator, StudyTest
from synthetic.study.truths.horizons import ONE_YEAR

if TYPE_CHECKING:
    from analytics.survival.parametric_predictions import Fit
    from analytics.survival.results_parametric import AcceleratedFailureTimeFit, PiecewiseExponentialFit
    from synthetic.study.frames import Replicate

CUTS = (2, 31, 181, 366)
"""Limits of the scenarios' intervals, in days from the start of day 0."""

_INTERVAL = 2
_KNOTS = 2
_FROM_REFERENCE = {"age_per_10_years": "years_over_reference", "lvef_pct": "lvef_over_reference"}


@lru_cache(maxsize=1)
def fit_intervals(replicate: Replicate) -> PiecewiseExponentialFit | NotEstimable:
    """Fit cardiac death with the scenarios' own intervals, covariates counted from the reference patient."""
    covariates = [_FROM_REFERENCE.get(name, name) for name in COVARIATES]
    spec = ParametricSpec("days", "event", (*covariates, Factor("severity", GRADES, "none")))
    return fit_piecewise_exponential(complete_cases(replicate, "cardiac_death"), spec, cuts=CUTS)


def _interval_log_hazard(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the reference patient's hazard in days 31 to 180; the logarithm."""
    fit = fit_intervals(replicate)
    if isinstance(fit, NotEstimable):
        return fit
    row = fit.intervals.row(_INTERVAL, named=True)
    return Answer(float(np.log(row["rate"])), row["std_error"] / row["rate"], *log_limits(row))


@lru_cache(maxsize=1)
def _deaths(replicate: Replicate) -> pl.DataFrame:
    """Return times of death in days, a day being a whole one."""
    rows = replicate.outcome("all_cause_death")
    return rows.with_columns(event=pl.col("cause") == 1, days=pl.col("time_days") + 1.0)


def _royston_parmar(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the risk of death by a year with a spline of log time."""
    fit = fit_royston_parmar(_deaths(replicate), ParametricSpec("days", "event"), n_knots=_KNOTS)
    return _risk(fit, pl.DataFrame({"anybody": [True]}))


def _risk(fit: Fit | NotEstimable, profile: pl.DataFrame) -> Answer | NotEstimable:
    """Read the risk by the end of day 365."""
    if isinstance(fit, NotEstimable):
        return fit
    row = predict_parametric_survival(fit, profile, times=[ONE_YEAR + 1]).table.row(0, named=True)
    return Answer(1 - row["survival"], row["std_error"], 1 - row["upper"], 1 - row["lower"])


def _royston_parmar_dialysis(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the crude hazard ratio of dialysis with a spline of log time."""
    rows = complete_cases(replicate, "cardiac_death")
    fit = fit_royston_parmar(rows, ParametricSpec("days", "event", ("dialysis",)), n_knots=_KNOTS)
    return read_term(fit, "dialysis")


@lru_cache(maxsize=1)
def fit_weibull(replicate: Replicate) -> AcceleratedFailureTimeFit | NotEstimable:
    """Fit a Weibull model of the time to death, with hypertension, which acts on nothing."""
    rows = add_hypertension(replicate, _deaths(replicate))
    return fit_accelerated_failure_time(rows, ParametricSpec("days", "event", ("hypertension",)))


def _weibull(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the risk of death by a year of patients with hypertension, who are like all others."""
    return _risk(fit_weibull(replicate), pl.DataFrame({"hypertension": [True]}))


def _of_intervals(term: str) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build one coefficient of the model with the scenarios' intervals."""
    return lambda replicate: read_term(fit_intervals(replicate), term)


ESTIMATORS: dict[str, StudyEstimator] = {
    "piecewise_dialysis": StudyEstimator(
        "dialysis_log_hr",
        _of_intervals("dialysis"),
        "Piecewise exponential with the scenario's intervals, cardiac death on everything recorded: dialysis",
    ),
    "piecewise_log_hazard": StudyEstimator(
        "log_hazard_31_180",
        _interval_log_hazard,
        "The same: log hazard per day in days 31-180, at 66 years without any condition",
    ),
    "royston_parmar_death": StudyEstimator(
        "death_365", _royston_parmar, "Spline of log time with two knots: risk of death by day 365"
    ),
    "royston_parmar_dialysis": StudyEstimator(
        "dialysis_crude_log_hr", _royston_parmar_dialysis, "The same for cardiac death, dialysis alone"
    ),
    "weibull_death": StudyEstimator(
        "death_365",
        _weibull,
        "Weibull: risk of death by day 365 with hypertension (no effect); hazards are no Weibull's",
    ),
    "weibull_hypertension": StudyEstimator(
        "no_effect",
        lambda replicate: read_term(fit_weibull(replicate), "hypertension"),
        "Weibull, time to death: log time ratio of hypertension, which acts on nothing",
    ),
}
"""Analyses by name."""

TESTS: dict[str, StudyTest] = {}
"""Tests by name."""
