"""How well scores predict, measured in a registry that they were not made from."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.refusals import NotEstimable
from analytics.survival.calibration import estimate_calibration_slope, estimate_group_calibration
from analytics.survival.discrimination import estimate_auc, estimate_concordance_index
from analytics.survival.discrimination_data import Predictions, read_predictions
from synthetic.outcomes import DAYS_PER_100_YEARS, cumulative_hazard
from synthetic.scenario import load_scenario
from synthetic.study.analyses.cox_fits import GRADES, complete_cases
from synthetic.study.answers import Answer, StudyEstimator, StudyTest
from synthetic.study.truths.horizons import ONE_YEAR, THREE_YEARS
from synthetic.study.truths.prediction import PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from synthetic.settings import Outcomes
    from synthetic.streams import Floats
    from synthetic.study.frames import Replicate

_HALF_A_YEAR = 0.05  # in tens of years: recorded age is cut to whole years
_NAMES = {"diabetes": "has_diabetes", "lvef_per_pct": "lvef_pct"}


@cache
def _score() -> Outcomes:
    """Return what the published score is made of."""
    return load_scenario(PUBLISHED).outcomes


def published_log_hazard(rows: pl.DataFrame, cause: str) -> Floats:
    """Return the log hazard ratio that the published score gives to patients with all covariates known."""
    model = _score()
    published = model.causes[cause]
    reference = {
        "age_per_10_years": model.reference_age_years / 10 - _HALF_A_YEAR,
        "lvef_per_pct": model.reference_lvef_pct,
    }
    severity = rows["severity"].replace_strict(GRADES, published.severity_hr, return_dtype=pl.Float64)
    total = np.log(severity.to_numpy())
    for name, ratio in published.covariate_hr.items():
        values = rows[_NAMES.get(name, name)].cast(pl.Float64).to_numpy()
        total = total + np.log(ratio) * (values - reference.get(name, 0.0))
    return np.asarray(total, dtype=np.float64)


def published_risk(rows: pl.DataFrame, causes: tuple[str, ...]) -> Floats:
    """Return the risk of the first of some causes by the end of day 365."""
    model = _score()
    total = np.zeros(rows.height)
    for cause in causes:
        rates = np.asarray([model.causes[cause].rate_per_100_years]) / DAYS_PER_100_YEARS
        baseline = cumulative_hazard(rates, model.breaks_days, days=ONE_YEAR + 1)
        total += baseline * np.exp(published_log_hazard(rows, cause))
    return np.asarray(-np.expm1(-total), dtype=np.float64)


@lru_cache(maxsize=1)
def _by_age(replicate: Replicate) -> Predictions:
    """Read deaths with age as the score."""
    rows = replicate.outcome("all_cause_death").with_columns(event=pl.col("cause") == 1)
    return read_predictions(rows, time="time_days", event="event", marker="age_years")


def _concordance(weights: Literal["harrell", "uno"]) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build the concordance of age with deaths of three years."""

    def run(replicate: Replicate) -> Answer | NotEstimable:
        found = estimate_concordance_index(_by_age(replicate), weights=weights, horizon=THREE_YEARS)
        if isinstance(found, NotEstimable):
            return found
        return Answer(found.index, found.std_error, found.lower, found.upper)

    return run


def _auc(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the area under the ROC curve of age for death within a year."""
    found = estimate_auc(_by_age(replicate), horizon=ONE_YEAR, by="marker")
    return (
        found
        if isinstance(found, NotEstimable)
        else Answer(found.auc, found.std_error, found.lower, found.upper)
    )


def _read(replicate: Replicate, endpoint: str, causes: tuple[str, ...]) -> Predictions:
    """Read outcomes with the published score's log hazard ratio of the first cause, and its risk."""
    rows = complete_cases(replicate, endpoint)
    scored = rows.with_columns(
        score=pl.Series(published_log_hazard(rows, causes[0])), risk=pl.Series(published_risk(rows, causes))
    )
    return read_predictions(scored, time="time_days", event="event", marker="score", risks={ONE_YEAR: "risk"})


def _slope(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the calibration slope of the score of stroke."""
    found = estimate_calibration_slope(_read(replicate, "stroke", ("stroke",)))
    return (
        found
        if isinstance(found, NotEstimable)
        else Answer(found.slope, found.std_error, found.lower, found.upper)
    )


def _ratio(endpoint: str, causes: tuple[str, ...]) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build the ratio of observed to predicted risk at a year."""

    def run(replicate: Replicate) -> Answer | NotEstimable:
        found = estimate_group_calibration(_read(replicate, endpoint, causes), horizon=ONE_YEAR, n_groups=1)
        if isinstance(found, NotEstimable):
            return found
        return Answer(found.ratio, float("nan"), found.ratio_lower, found.ratio_upper)

    return run


ESTIMATORS: dict[str, StudyEstimator] = {
    "harrell_age": StudyEstimator(
        "age_harrell_1095", _concordance("harrell"), "Harrell's concordance of age with deaths by day 1095"
    ),
    "uno_age": StudyEstimator("age_uno_1095", _concordance("uno"), "Uno's concordance of the same"),
    "auc_age": StudyEstimator("age_auc_365", _auc, "Area under the ROC curve of age for death by day 365"),
    "calibration_slope_stroke": StudyEstimator(
        "stroke_slope", _slope, "Calibration slope of a published score of stroke: the hazards of `default`"
    ),
    "calibration_ratio_stroke": StudyEstimator(
        "stroke_ratio_365",
        _ratio("stroke", ("stroke",)),
        "Observed over predicted risk of stroke by day 365, same score",
    ),
    "calibration_ratio_death": StudyEstimator(
        "death_ratio_365",
        _ratio("all_cause_death", ("cardiac_death", "noncardiac_death")),
        "Observed over predicted risk of death by day 365, published score with calcification",
    ),
}
"""Analyses by name."""

TESTS: dict[str, StudyTest] = {}
"""Tests by name."""
