"""Curves and what is read off them: analyses that describe, without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.refusals import NotEstimable
from analytics.survival.cumulative_incidence import estimate_cumulative_incidence
from analytics.survival.event_counts import count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.horizons import estimate_horizon_risk
from analytics.survival.restricted_means import estimate_restricted_mean
from synthetic.study.answers import Answer, StudyEstimator, StudyTest
from synthetic.study.truths import ONE_YEAR, THREE_YEARS

if TYPE_CHECKING:
    from synthetic.study.frames import Replicate


def _kaplan_meier(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the risk of death by a year."""
    curve = estimate_event_curve(count_events(replicate.outcome("all_cause_death")), group="all")
    return _risk(curve if isinstance(curve, NotEstimable) else estimate_horizon_risk(curve, ONE_YEAR))


def _aalen_johansen(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the risk of target-vessel revascularisation by a year, deaths competing."""
    counts = count_events(replicate.outcome("tvr"))
    curve = estimate_cumulative_incidence(counts, group="all", causes=("tvr", "death"))
    return _risk(curve if isinstance(curve, NotEstimable) else estimate_horizon_risk(curve, ONE_YEAR))


def _risk(found: object) -> Answer | NotEstimable:
    """Read a risk."""
    if isinstance(found, NotEstimable):
        return found
    return Answer(found.risk, found.std_error, found.lower, found.upper)  # type: ignore[attr-defined]  # a HorizonRisk


def _restricted_mean(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the days free of death, infarction and target-vessel revascularisation out of three years."""
    curve = estimate_event_curve(count_events(replicate.outcome("mace_d")), group="all")
    if isinstance(curve, NotEstimable):
        return curve
    found = estimate_restricted_mean(curve, THREE_YEARS)
    if isinstance(found, NotEstimable):
        return found
    return Answer(found.mean_days, found.std_error, found.lower, found.upper)


ESTIMATORS: dict[str, StudyEstimator] = {
    "kaplan_meier_death": StudyEstimator("death_365", _kaplan_meier, "Kaplan-Meier risk of death by day 365"),
    "aalen_johansen_tvr": StudyEstimator(
        "tvr_365", _aalen_johansen, "Aalen-Johansen risk of target-vessel revascularisation by day 365"
    ),
    "restricted_mean_mace": StudyEstimator(
        "free_days_1095", _restricted_mean, "Mean days free of death, infarction and TVR out of 1,095"
    ),
}
"""Analyses by name."""

TESTS: dict[str, StudyTest] = {}
"""Tests by name."""
