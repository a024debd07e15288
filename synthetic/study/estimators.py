"""The analyses that are studied: each takes a replicate and gives an estimate with its interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.comparison.covariates import choose_covariates
from analytics.comparison.standardisation import standardise
from analytics.refusals import NotEstimable
from analytics.survival.cox import fit_cox
from analytics.survival.cox_design import CoxSpec, Factor
from analytics.survival.cumulative_incidence import estimate_cumulative_incidence
from analytics.survival.event_counts import count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.horizons import estimate_horizon_risk
from analytics.survival.restricted_means import estimate_restricted_mean
from synthetic.study.truths import GROUPS, ONE_YEAR, THREE_YEARS

if TYPE_CHECKING:
    from synthetic.study.frames import Replicate

_Z = NormalDist().inv_cdf(0.975)
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


@dataclass(frozen=True)
class Answer:
    """Estimate, standard error and 95 % limits, on the scale of the truth."""

    estimate: float
    std_error: float
    lower: float
    upper: float


@dataclass(frozen=True)
class StudyEstimator:
    """One analysis.

    Parameters
    ----------
    target
        Key of the truth that it is held against.
    run
        The analysis; a refusal is an answer.
    says
        What is done, and what is expected of it.
    """

    target: str
    run: Callable[[Replicate], Answer | NotEstimable]
    says: str


def _kaplan_meier(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the risk of death by a year."""
    curve = estimate_event_curve(count_events(replicate.outcomes["all_cause_death"]), group="all")
    return _risk(curve if isinstance(curve, NotEstimable) else estimate_horizon_risk(curve, ONE_YEAR))


def _aalen_johansen(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the risk of target-vessel revascularisation by a year, deaths competing."""
    counts = count_events(replicate.outcomes["tvr"])
    curve = estimate_cumulative_incidence(counts, group="all", causes=("tvr", "death"))
    return _risk(curve if isinstance(curve, NotEstimable) else estimate_horizon_risk(curve, ONE_YEAR))


def _risk(found: object) -> Answer | NotEstimable:
    """Read a risk."""
    if isinstance(found, NotEstimable):
        return found
    return Answer(found.risk, found.std_error, found.lower, found.upper)  # type: ignore[attr-defined]  # a HorizonRisk


def _restricted_mean(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the days free of death, infarction and target-vessel revascularisation out of three years."""
    curve = estimate_event_curve(count_events(replicate.outcomes["mace_d"]), group="all")
    if isinstance(curve, NotEstimable):
        return curve
    found = estimate_restricted_mean(curve, THREE_YEARS)
    if isinstance(found, NotEstimable):
        return found
    return Answer(found.mean_days, found.std_error, found.lower, found.upper)


def _crude_difference(replicate: Replicate) -> Answer | NotEstimable:
    """Subtract the Kaplan-Meier risks of two devices at a year."""
    counts = count_events(replicate.outcomes["mace_d"], strata=("strategy",))
    risks = []
    for group in GROUPS:
        curve = estimate_event_curve(counts, group=group)
        found = curve if isinstance(curve, NotEstimable) else estimate_horizon_risk(curve, ONE_YEAR)
        if isinstance(found, NotEstimable):
            return found
        risks.append(found)
    error = float(np.hypot(risks[0].std_error, risks[1].std_error))
    return _symmetric(risks[1].risk - risks[0].risk, error)


def _symmetric(estimate: float, error: float) -> Answer:
    """Return an answer with normal limits."""
    return Answer(estimate, error, estimate - _Z * error, estimate + _Z * error)


def _cox_device(*, adjusted: bool) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build the Cox model of cardiac death on the device, alone or with everything recorded."""

    def run(replicate: Replicate) -> Answer | NotEstimable:
        rows = _two_devices(replicate.outcomes["cardiac_death"])
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
    rows = replicate.outcomes["cardiac_death"].filter(pl.col("severity").is_in(list(_GRADES)))
    terms = (*_COVARIATES, Factor("severity", _GRADES, "none"))
    return _coefficient(rows.drop_nulls(_COVARIATES), terms, "severity=severe")


def _coefficient(rows: pl.DataFrame, terms: tuple[str | Factor, ...], term: str) -> Answer | NotEstimable:
    """Fit a Cox model and read one coefficient."""
    fit = fit_cox(rows.with_columns(event=pl.col("cause") == 1), CoxSpec("time_days", "event", terms))
    if isinstance(fit, NotEstimable):
        return fit
    row = fit.table.row(by_predicate=pl.col("term") == term, named=True)
    return _symmetric(row["coefficient"], row["std_error"])


def _slow_flow(*, adjusted: bool) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build the difference in slow flow between two devices, crude or standardised."""

    def run(replicate: Replicate) -> Answer | NotEstimable:
        rows = replicate.procedures.with_columns(
            pl.col("strategy_as_treated").cast(pl.String).alias("device")
        )
        found = standardise(
            rows.filter(pl.col("device").is_in(list(GROUPS))),
            outcome="slow_flow_no_reflow",
            exposure="device",
            levels=GROUPS,
            covariates=choose_covariates(rows, exposure="device") if adjusted else (),
            clusters="patient_id",
        )
        if isinstance(found, NotEstimable):
            return found
        row = found.contrasts.row(by_predicate=pl.col("measure") == "difference", named=True)
        return Answer(row["estimate"], row["std_error"], row["lower"], row["upper"])

    return run


ESTIMATORS: dict[str, StudyEstimator] = {
    "kaplan_meier_death": StudyEstimator("death_365", _kaplan_meier, "Kaplan-Meier risk of death by day 365"),
    "aalen_johansen_tvr": StudyEstimator(
        "tvr_365", _aalen_johansen, "Aalen-Johansen risk of target-vessel revascularisation by day 365"
    ),
    "restricted_mean_mace": StudyEstimator(
        "free_days_1095", _restricted_mean, "Mean days free of death, infarction and TVR out of 1,095"
    ),
    "crude_risk_difference": StudyEstimator(
        "mace_difference_365",
        _crude_difference,
        "Crude difference in one-year risk, rotational atherectomy against plain balloon: confounded",
    ),
    "crude_cox_device": StudyEstimator(
        "device_log_hr", _cox_device(adjusted=False), "Cox, device alone, cardiac death: confounded"
    ),
    "adjusted_cox_device": StudyEstimator(
        "device_log_hr", _cox_device(adjusted=True), "Cox, device with all recorded covariates, cardiac death"
    ),
    "adjusted_cox_severity": StudyEstimator(
        "severity_log_hr", _cox_severity, "Cox, severe against no calcification as recorded, cardiac death"
    ),
    "crude_slow_flow": StudyEstimator(
        "slow_flow_difference", _slow_flow(adjusted=False), "Crude difference in slow flow"
    ),
    "standardised_slow_flow": StudyEstimator(
        "slow_flow_difference",
        _slow_flow(adjusted=True),
        "Difference in slow flow, standardised by regression",
    ),
}
"""Analyses by name."""
