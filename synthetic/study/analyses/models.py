"""Cox models of cardiac death."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl

from analytics.refusals import NotEstimable
from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec, Factor
from analytics.survival.cox_time_split import EVENT, START, STOP, split_follow_up
from analytics.survival.firth import fit_firth_cox
from analytics.survival.frailty import fit_frailty_cox
from analytics.survival.proportionality import test_proportionality
from synthetic.codes import RA, STRATEGY_CODES
from synthetic.study.analyses.cox_fits import (
    EVERYTHING,
    add_hypertension,
    complete_cases,
    fit_everything,
    fit_terms,
    log_limits,
    model_of,
    read_term,
)
from synthetic.study.answers import Answer, StudyEstimator, StudyTest
from synthetic.study.truths.horizons import GROUPS

if TYPE_CHECKING:
    from analytics.survival.results import CoxFit
    from analytics.survival.results_frailty import FrailtyFit
    from synthetic.study.frames import Replicate

_ATHERECTOMY = STRATEGY_CODES[RA]
_FIRST_MONTH_DAYS = 31.0


def _cox_device(*, adjusted: bool) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build the Cox model of cardiac death on the device, alone or with everything recorded."""

    def run(replicate: Replicate) -> Answer | NotEstimable:
        rows = complete_cases(replicate, "cardiac_death").filter(pl.col("strategy").is_in(list(GROUPS)))
        device = Factor("strategy", GROUPS, GROUPS[0])
        terms = (*EVERYTHING, device) if adjusted else (device,)
        return read_term(fit_terms(rows, terms), f"strategy={GROUPS[1]}")

    return run


def _everything(term: str, **options: object) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build one coefficient of the model with everything recorded."""

    def run(replicate: Replicate) -> Answer | NotEstimable:
        return read_term(fit_everything(replicate, **options), term)

    return run


def _crude_dialysis(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the crude hazard ratio of dialysis."""
    return read_term(fit_terms(complete_cases(replicate, "cardiac_death"), ("dialysis",)), "dialysis")


def _firth_dialysis(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the same with Firth's penalty and the limits of its profile."""
    fit = fit_firth_cox(complete_cases(replicate, "cardiac_death"), model_of(("dialysis",)))
    if isinstance(fit, NotEstimable):
        return fit
    row = fit.table.row(0, named=True)
    return Answer(row["coefficient"], row["std_error"], *log_limits(row))


def _by_period(period: str) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build the hazard ratio of rotational atherectomy against everything else in one period."""

    def run(replicate: Replicate) -> Answer | NotEstimable:
        return read_term(fit_periods(replicate), period)

    return run


@lru_cache(maxsize=1)
def fit_periods(replicate: Replicate) -> CoxFit | NotEstimable:
    """Fit cardiac death on everything recorded and on the device in days 0-30 and later."""
    rows = complete_cases(replicate, "cardiac_death").filter(pl.col("strategy") != "unknown")
    pieces = split_follow_up(rows, time="days", event="event", cuts=(_FIRST_MONTH_DAYS,))
    given = pl.col("strategy") == _ATHERECTOMY
    pieces = pieces.with_columns(
        early=given & (pl.col("episode") == 1), later=given & (pl.col("episode") == 2)
    )
    spec = replace(model_of((*EVERYTHING, "early", "later")), time=STOP, event=EVENT, entry=START)
    return fit_cox(pieces, spec)


@lru_cache(maxsize=1)
def fit_frailty(replicate: Replicate) -> FrailtyFit | NotEstimable:
    """Fit cardiac death on everything recorded, hospitals sharing a gamma frailty."""
    rows = complete_cases(replicate, "cardiac_death")
    return fit_frailty_cox(rows, CoxSpec("days", "event", EVERYTHING, cluster="site_id", ties="breslow"))


def _frailty_variance(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the variance between hospitals."""
    fit = fit_frailty(replicate)
    if isinstance(fit, NotEstimable):
        return fit
    return Answer(fit.theta, float("nan"), fit.theta_lower, fit.theta_upper)


def _frailty_test(replicate: Replicate) -> float | NotEstimable:
    """Test whether hospitals differ."""
    fit = fit_frailty(replicate)
    if isinstance(fit, NotEstimable):
        return fit
    if fit.test is None:
        message = "a frailty fitted by REML has no likelihood ratio test"
        raise ValueError(message)
    return fit.test.p_value


def _wald_test(term: str) -> Callable[[Replicate], float | NotEstimable]:
    """Build the Wald test of one coefficient."""

    def run(replicate: Replicate) -> float | NotEstimable:
        fit = fit_everything(replicate)
        if isinstance(fit, NotEstimable):
            return fit
        return float(fit.table.row(by_predicate=pl.col("term") == term, named=True)["p_value"])

    return run


def _severity_proportionality(replicate: Replicate) -> float | NotEstimable:
    """Test whether the hazard ratios of calcification stay the same."""
    fit = fit_everything(replicate)
    if isinstance(fit, NotEstimable):
        return fit
    rows = add_hypertension(replicate, complete_cases(replicate, "cardiac_death"))
    return _term_p_value(fit, rows, "severity")


def _device_proportionality(replicate: Replicate) -> float | NotEstimable:
    """Test whether the hazard ratio of infarction after rotational atherectomy stays the same."""
    rows = complete_cases(replicate, "mi").filter(pl.col("strategy") != "unknown")
    rows = rows.with_columns(atherectomy=pl.col("strategy") == _ATHERECTOMY)
    fit = fit_terms(rows, (*EVERYTHING, "atherectomy"))
    return fit if isinstance(fit, NotEstimable) else _term_p_value(fit, rows, "atherectomy")


def _term_p_value(fit: CoxFit, rows: pl.DataFrame, term: str) -> float | NotEstimable:
    """Read the test of one term."""
    found = test_proportionality(fit, rows, transform="km")
    if isinstance(found, NotEstimable):
        return found
    return float(found.table.row(by_predicate=pl.col("term") == term, named=True)["p_value"])


_MODEL = "Cox, cardiac death on everything recorded"

ESTIMATORS: dict[str, StudyEstimator] = {
    "crude_cox_device": StudyEstimator(
        "device_log_hr", _cox_device(adjusted=False), "Cox, device alone, cardiac death: confounded"
    ),
    "adjusted_cox_device": StudyEstimator(
        "device_log_hr", _cox_device(adjusted=True), "Cox, device with all recorded covariates, cardiac death"
    ),
    "adjusted_cox_severity": StudyEstimator(
        "severity_log_hr",
        _everything("severity=severe"),
        "Cox, severe against no calcification as recorded, cardiac death",
    ),
    "cox_dialysis": StudyEstimator("dialysis_log_hr", _everything("dialysis"), f"{_MODEL}: dialysis"),
    "cox_age": StudyEstimator("age_log_hr", _everything("age_per_10_years"), f"{_MODEL}: ten years of age"),
    "cox_hypertension": StudyEstimator(
        "no_effect", _everything("hypertension"), f"{_MODEL}: hypertension, which acts on nothing"
    ),
    "cox_clustered_dialysis": StudyEstimator(
        "dialysis_log_hr",
        _everything("dialysis", cluster="site_id"),
        "The same, robust variance by hospital: 20 of them, and dialysis gathers in one",
    ),
    "cox_clustered_age": StudyEstimator(
        "age_log_hr", _everything("age_per_10_years", cluster="site_id"), "The same for ten years of age"
    ),
    "cox_stratified_dialysis": StudyEstimator(
        "dialysis_log_hr", _everything("dialysis", strata=("site_id",)), "The same, stratified by hospital"
    ),
    "cox_frailty_dialysis": StudyEstimator(
        "dialysis_log_hr",
        lambda replicate: read_term(fit_frailty(replicate), "dialysis"),
        "The same, hospitals sharing a gamma frailty",
    ),
    "frailty_variance": StudyEstimator(
        "site_variance",
        _frailty_variance,
        "Variance of that frailty: 0 is the boundary, where estimates can only err upwards",
    ),
    "crude_cox_dialysis": StudyEstimator(
        "dialysis_crude_log_hr",
        _crude_dialysis,
        "Cox, dialysis alone, cardiac death; truth is what it tends to",
    ),
    "firth_dialysis": StudyEstimator(
        "dialysis_crude_log_hr", _firth_dialysis, "The same with Firth's penalty, profile limits"
    ),
    "cox_atherectomy_early": StudyEstimator(
        "atherectomy_early_log_hr",
        _by_period("early"),
        "Cox on split time, rotational atherectomy against all else, adjusted, days 0-30",
    ),
    "cox_atherectomy_later": StudyEstimator(
        "atherectomy_later_log_hr", _by_period("later"), "The same after day 30"
    ),
}
"""Analyses by name."""

TESTS: dict[str, StudyTest] = {
    "wald_hypertension": StudyTest("nothing_acts", _wald_test("hypertension"), f"{_MODEL}: hypertension"),
    "frailty_test": StudyTest(
        "hospitals_alike", _frailty_test, "Do hospitals differ? Likelihood ratio of a gamma frailty"
    ),
    "proportional_severity": StudyTest(
        "severity_is_proportional",
        _severity_proportionality,
        "Proportional hazards of calcification, cardiac death",
    ),
    "proportional_atherectomy": StudyTest(
        "atherectomy_is_proportional",
        _device_proportionality,
        "Proportional hazards of rotational atherectomy, infarction, adjusted",
    ),
}
"""Tests by name."""
