"""Regressions of complications, ages and grades, and the area under a ROC curve."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.proportions.ratios import odds_ratio
from analytics.refusals import NotEstimable
from analytics.regression.design import INTERCEPT, Design, build_design
from analytics.regression.discrimination import estimate_roc_area
from analytics.regression.firth_logistic import fit_firth_logistic
from analytics.regression.linear import fit_linear
from analytics.regression.logistic import fit_logistic
from analytics.regression.ordered import fit_ordered
from analytics.regression.relative_risk import fit_relative_risk
from synthetic.codes import NC, PLAIN, RA, STRATEGY_CODES
from synthetic.study.analyses.rates import SLOW_FLOW, count, read_ratio
from synthetic.study.answers import Answer, StudyEstimator, StudyTest

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.regression.results import RegressionFit
    from synthetic.study.frames import Replicate

DISSECTION, BLOCK = "dissection_any", "av_block"
_BALLOONS = [STRATEGY_CODES[place] for place in (PLAIN, NC)]
_GRADES = ("none", "mild", "moderate", "severe")


@lru_cache(maxsize=2)
def balloons_and_burrs(replicate: Replicate) -> pl.DataFrame:
    """Keep procedures of one lesion with balloons or rotational atherectomy alone, and mark the latter.

    Of several lesions the worst one gives the device, and which one that is depends on who graded them. The
    device is the intended one: a balloon that was rescued by a burr had the chances of a balloon.
    """
    strategy, devices = pl.col("strategy_intended").cast(pl.String), [*_BALLOONS, STRATEGY_CODES[RA]]
    kept = replicate.procedures.filter(strategy.is_in(devices), pl.col("n_lesions") == 1)
    return kept.with_columns(burr=(strategy == STRATEGY_CODES[RA]).cast(pl.Float64))


@lru_cache(maxsize=4)
def _logistic(replicate: Replicate, clusters: str | None) -> RegressionFit | NotEstimable:
    """Fit dissection on grade and device; kept for what reads the same fit."""
    rows = balloons_and_burrs(replicate).drop_nulls([DISSECTION, "calcium_grade"])
    design = build_design(rows, ("calcium_grade", "burr"))
    return fit_logistic(design, rows[DISSECTION], clusters=rows[clusters] if clusters else None)


def read(fit: RegressionFit | NotEstimable, place: int) -> Answer | NotEstimable:
    """Read one coefficient, by its place from the end."""
    if isinstance(fit, NotEstimable):
        return fit
    row = fit.table.row(place, named=True)
    return Answer(row["coefficient"], row["std_error"], row["lower"], row["upper"])


def _dissection(place: int, clusters: str | None = None) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build one coefficient of the logistic regression: -2 severe calcium, -1 the device."""
    return lambda replicate: read(_logistic(replicate, clusters), place)


def _design(values: pl.Series, name: str) -> Design:
    """Make the columns of an intercept and one covariate."""
    numbers = values.cast(pl.Float64).to_numpy()
    return Design(np.column_stack([np.ones(len(numbers)), numbers]), (INTERCEPT, name), (INTERCEPT, name))


def _block_firth(replicate: Replicate) -> Answer | NotEstimable:
    """Fit AV block on the device, with Firth's penalty."""
    rows = balloons_and_burrs(replicate).drop_nulls(BLOCK)
    return read(fit_firth_logistic(_design(rows["burr"], "burr"), rows[BLOCK]), -1)


def _block_counts(method: str) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build the log odds ratio of AV block from counts."""

    def run(replicate: Replicate) -> Answer | NotEstimable:
        rows = balloons_and_burrs(replicate)
        burr, balloon = (count(rows.filter(pl.col("burr") == mark), BLOCK) for mark in (1, 0))
        found = odds_ratio(*burr, *balloon, method=method)
        return found if isinstance(found, NotEstimable) else read_ratio(found)

    return run


def _poisson(replicate: Replicate) -> Answer | NotEstimable:
    """Fit dissection on the device by modified Poisson regression."""
    rows = balloons_and_burrs(replicate).drop_nulls(DISSECTION)
    fit = fit_relative_risk(_design(rows["burr"], "burr"), rows[DISSECTION], clusters=rows["patient_id"])
    return read(fit, -1)


def _age(replicate: Replicate) -> Answer | NotEstimable:
    """Regress age on sex."""
    rows = replicate.index.drop_nulls(["age_years", "sex"])
    women = rows["sex"].cast(pl.String) == "female"
    return read(fit_linear(_design(women, "women"), rows["age_years"], clusters=rows["site_id"]), -1)


def _ordered(replicate: Replicate) -> Answer | NotEstimable:
    """Fit the calcium grade on sex by proportional odds."""
    rows = replicate.index.filter(pl.col("severity").is_in(list(_GRADES))).drop_nulls("sex")
    grades = rows["severity"].replace_strict(dict(zip(_GRADES, range(4), strict=True)), return_dtype=pl.Int64)
    design = _design(rows["sex"].cast(pl.String) == "male", "male")
    fit = fit_ordered(design, grades, labels=_GRADES)
    return fit if isinstance(fit, NotEstimable) else read(fit.slopes, -1)


def _grade_area(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the area under the ROC curve of the calcium grade for slow flow."""
    rows = replicate.procedures.drop_nulls([SLOW_FLOW, "calcium_grade"])
    found = estimate_roc_area(
        rows["calcium_grade"].to_physical().to_numpy(),
        rows[SLOW_FLOW].to_numpy(),
        clusters=rows["patient_id"],
    )
    if isinstance(found, NotEstimable):
        return found
    return Answer(found.area, found.std_error, found.lower, found.upper)


ESTIMATORS: dict[str, StudyEstimator] = {
    "logistic_dissection_severity": StudyEstimator(
        "dissection_severity_log_odds",
        _dissection(-2),
        "Logistic regression of dissection on grade and device: log odds ratio of severe calcium",
    ),
    "logistic_dissection_device": StudyEstimator(
        "dissection_device_log_odds", _dissection(-1), "The same: log odds ratio of rotational atherectomy"
    ),
    "logistic_dissection_by_hospital": StudyEstimator(
        "dissection_device_log_odds",
        _dissection(-1, "site_id"),
        "The same with the sandwich by hospital: few hospitals, expected to be too narrow",
    ),
    "block_log_odds_firth": StudyEstimator(
        "block_log_odds_ratio",
        _block_firth,
        "Log odds ratio of AV block, rotational atherectomy against balloons, crude: Firth",
    ),
    "block_log_odds_woolf": StudyEstimator(
        "block_log_odds_ratio", _block_counts("woolf"), "The same from counts, Woolf"
    ),
    "block_log_odds_exact": StudyEstimator(
        "block_log_odds_ratio", _block_counts("exact"), "The same, conditional and exact"
    ),
    "poisson_dissection": StudyEstimator(
        "dissection_log_risk_ratio",
        _poisson,
        "Log risk ratio of dissection, rotational atherectomy against balloons, crude: modified Poisson",
    ),
    "linear_age_by_sex": StudyEstimator(
        "age_by_sex", _age, "Linear regression of age on sex, sandwich by hospital"
    ),
    "ordered_severity_by_sex": StudyEstimator(
        "severity_by_sex", _ordered, "Proportional odds of the calcium grade, men against women"
    ),
    "grade_roc_area": StudyEstimator(
        "slow_flow_grade_area", _grade_area, "ROC area of the calcium grade for slow flow"
    ),
}
"""Analyses by name."""

TESTS: dict[str, StudyTest] = {}
"""Tests by name."""
