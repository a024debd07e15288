"""Regression where deaths compete with what is asked for."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl

from analytics.refusals import NotEstimable
from analytics.survival.cause_specific import CauseSpecificSpec, fit_cause_specific
from analytics.survival.cause_specific_risk import predict_absolute_risk
from analytics.survival.fine_gray import fit_fine_gray
from analytics.survival.fine_gray_design import FineGraySpec
from synthetic.study.analyses.cox_fits import EVERYTHING, complete_cases, fit_terms, read_term
from synthetic.study.answers import Answer, StudyEstimator, StudyTest
from synthetic.study.truths.horizons import ASKED_AGE_YEARS, ASKED_LVEF_PCT, ONE_YEAR

if TYPE_CHECKING:
    from synthetic.study.frames import Replicate

_CONDITIONS = ("dialysis", "has_diabetes", "ckd", "prior_stroke", "current_smoking", "left_main", "acute")


@lru_cache(maxsize=1)
def _revascularisations(replicate: Replicate) -> pl.DataFrame:
    """Return times of target-vessel revascularisation of patients whose dialysis is known."""
    return (
        replicate.outcome("tvr")
        .drop_nulls("dialysis")
        .with_columns(event=pl.col("cause") == 1, days=pl.col("time_days") + 1.0, nothing=0.0)
    )


def _cause_specific(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the hazard ratio of dialysis, deaths censored."""
    return read_term(fit_terms(_revascularisations(replicate), ("dialysis",)), "dialysis")


def _fine_gray(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the ratio of subdistribution hazards of dialysis."""
    fit = fit_fine_gray(_revascularisations(replicate), FineGraySpec("time_days", "cause", ("dialysis",)))
    return read_term(fit, "dialysis")


def reference_patient() -> pl.DataFrame:
    """Return the covariates of a patient of 66 years with no condition, as the registry records them."""
    return pl.DataFrame(
        {
            "age_per_10_years": [ASKED_AGE_YEARS / 10],
            "lvef_pct": [float(ASKED_LVEF_PCT)],
            "severity": ["none"],
            **{name: [False] for name in _CONDITIONS},
        }
    )


def _absolute_risk(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the reference patient's one-year risk of cardiac death from Cox models of both deaths."""
    rows = complete_cases(replicate, "cardiac_death")
    spec = CauseSpecificSpec("days", "cause", ("cardiac", "other"), EVERYTHING, ties="breslow")
    fit = fit_cause_specific(rows, spec)
    if isinstance(fit, NotEstimable):
        return fit
    found = predict_absolute_risk(fit, rows, reference_patient(), times=[ONE_YEAR + 1])
    row = found.table.row(by_predicate=pl.col("cause") == "cardiac", named=True)
    return Answer(row["incidence"], row["std_error"], row["lower"], row["upper"])


ESTIMATORS: dict[str, StudyEstimator] = {
    "cause_specific_dialysis": StudyEstimator(
        "dialysis_tvr_log_hr",
        _cause_specific,
        "Cause-specific Cox, TVR on dialysis alone; truth is what it tends to",
    ),
    "fine_gray_dialysis": StudyEstimator(
        "dialysis_tvr_log_shr",
        _fine_gray,
        "Fine-Gray, TVR on dialysis alone, its hazards not proportional; truth is what it tends to",
    ),
    "cox_absolute_risk": StudyEstimator(
        "reference_cardiac_death_365",
        _absolute_risk,
        "One-year risk of cardiac death at 66 years without any condition, from Cox models of both causes",
    ),
}
"""Analyses by name."""

TESTS: dict[str, StudyTest] = {}
"""Tests by name."""
