"""Curves of all patients and what is read off them: analyses that describe, without a model."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl

from analytics.refusals import NotEstimable
from analytics.survival.conditional_survival import estimate_conditional_survival
from analytics.survival.cumulative_hazards import read_cumulative_hazard
from analytics.survival.cumulative_incidence import estimate_cumulative_incidence
from analytics.survival.curve_reading import curve_quantiles
from analytics.survival.event_counts import count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.follow_up import estimate_follow_up
from analytics.survival.horizons import estimate_horizon_risk, estimate_proportion
from analytics.survival.landmark import restrict_to_landmark
from analytics.survival.restricted_means import estimate_restricted_mean
from analytics.survival.smooth_hazard import estimate_smooth_hazard
from analytics.survival.time_lost import estimate_time_lost
from synthetic.study.answers import Answer, StudyEstimator, StudyTest
from synthetic.study.truths.horizons import LATE_DAY, ONE_MONTH, ONE_YEAR, QUANTILE, THREE_YEARS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from analytics.survival.results import CumulativeIncidence, EventCurve, HorizonRisk
    from synthetic.study.frames import Replicate

_CAUSES = ("tvr", "death")
_NAN = float("nan")


@lru_cache(maxsize=1)
def death_curve(replicate: Replicate) -> EventCurve | NotEstimable:
    """Estimate survival of all; kept for the analyses that read the same curve."""
    return estimate_event_curve(count_events(replicate.outcome("all_cause_death")), group="all")


@lru_cache(maxsize=1)
def _revascularisation_curve(replicate: Replicate) -> CumulativeIncidence | NotEstimable:
    """Estimate target-vessel revascularisation of all, deaths competing."""
    return estimate_cumulative_incidence(count_events(replicate.outcome("tvr")), group="all", causes=_CAUSES)


@lru_cache(maxsize=1)
def _revascularisation_alone(replicate: Replicate) -> EventCurve | NotEstimable:
    """Estimate the same as if deaths were losses: its hazard is right, its risk is not."""
    rows = replicate.outcome("tvr")
    censored = pl.when(pl.col("cause") == 1).then(1).otherwise(0)
    return estimate_event_curve(count_events(rows.with_columns(cause=censored)), group="all")


def _risk_by(
    curve: Callable[[Replicate], EventCurve | CumulativeIncidence | NotEstimable], day: int
) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build the reading of a risk off a curve."""

    def run(replicate: Replicate) -> Answer | NotEstimable:
        found = curve(replicate)
        return found if isinstance(found, NotEstimable) else _risk(estimate_horizon_risk(found, day))

    return run


def _risk(found: HorizonRisk | NotEstimable) -> Answer | NotEstimable:
    """Read a risk."""
    if isinstance(found, NotEstimable):
        return found
    return Answer(found.risk, found.std_error, found.lower, found.upper)


def _row(found: Mapping[str, float], value: str) -> Answer:
    """Read a row of a table."""
    return Answer(found[value], found["std_error"], found["lower"], found["upper"])


def _quantile(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the day by which a share of the patients has died."""
    curve = death_curve(replicate)
    if isinstance(curve, NotEstimable):
        return curve
    row = curve_quantiles(curve, (QUANTILE,)).row(0, named=True)
    if None in row.values():
        return NotEstimable("all", "The curve or a limit does not come down so far.", "follow_up_too_short")
    return Answer(row["time_days"], _NAN, row["lower"], row["upper"])


def _conditional(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate survival of three years of those who have survived one."""
    curve = death_curve(replicate)
    if isinstance(curve, NotEstimable):
        return curve
    found = estimate_conditional_survival(curve, from_day=ONE_YEAR, days=(THREE_YEARS,))
    return found if isinstance(found, NotEstimable) else _row(found.table.row(0, named=True), "survival")


def _landmark(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the risk by a year of those free of death, infarction and TVR on day 30."""
    late = restrict_to_landmark(replicate.outcome("mace_d"), ONE_MONTH)
    curve = estimate_event_curve(count_events(late), group="all")
    if isinstance(curve, NotEstimable):
        return curve
    return _risk(estimate_horizon_risk(curve, ONE_YEAR - ONE_MONTH))


def _restricted_mean(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the days free of death, infarction and target-vessel revascularisation out of three years."""
    curve = estimate_event_curve(count_events(replicate.outcome("mace_d")), group="all")
    if isinstance(curve, NotEstimable):
        return curve
    found = estimate_restricted_mean(curve, THREE_YEARS)
    if isinstance(found, NotEstimable):
        return found
    return Answer(found.mean_days, found.std_error, found.lower, found.upper)


def _time_lost(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the days lost to target-vessel revascularisation out of three years."""
    counts = count_events(replicate.outcome("tvr"))
    found = estimate_time_lost(counts, group="all", causes=_CAUSES, horizon_days=THREE_YEARS)
    return found if isinstance(found, NotEstimable) else _row(found.table.row(0, named=True), "lost_days")


def _cumulative_hazard(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the cumulative hazard of target-vessel revascularisation."""
    curve = _revascularisation_alone(replicate)
    if isinstance(curve, NotEstimable):
        return curve
    row = read_cumulative_hazard(curve, (THREE_YEARS,)).at_days.row(0, named=True)
    return _row(row, "cumulative_hazard")


def _smooth_hazard(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the hazard of target-vessel revascularisation on a late day."""
    curve = _revascularisation_alone(replicate)
    if isinstance(curve, NotEstimable):
        return curve
    found = estimate_smooth_hazard(curve, times=(LATE_DAY,))
    if isinstance(found, NotEstimable):
        return found
    row = found.table.row(0, named=True)
    if row["lower"] is None:
        return NotEstimable("all", "No event is within reach of the day.", "too_few_events")
    return _row(row, "hazard")


def _silence_is_health(replicate: Replicate) -> Answer | NotEstimable:
    """Take everybody of whom no death is on record for alive: what must not be done."""
    rows = replicate.outcome("all_cause_death")
    held = pl.when(pl.col("cause") == 0).then(pl.max_horizontal("time_days", ONE_YEAR)).otherwise("time_days")
    return _risk(estimate_proportion(rows.with_columns(time_days=held), ONE_YEAR, group="all"))


def _follow_up(replicate: Replicate) -> Answer | NotEstimable:
    """Estimate the median follow-up of the hospitals with linkage."""
    linked = replicate.tables.sites.filter(pl.col("followup_source").cast(pl.String) == "linkage")
    rows = replicate.outcome("all_cause_death").join(linked.select("site_id"), on="site_id", how="semi")
    found = estimate_follow_up(count_events(rows), group="all")
    if isinstance(found, NotEstimable):
        return found
    if found.median_days is None or found.lower is None or found.upper is None:
        return NotEstimable("all", "The curve or a limit stays above one half.", "follow_up_too_short")
    return Answer(found.median_days, _NAN, found.lower, found.upper)


ESTIMATORS: dict[str, StudyEstimator] = {
    "kaplan_meier_death_30": StudyEstimator(
        "death_30", _risk_by(death_curve, ONE_MONTH), "Kaplan-Meier risk of death by day 30"
    ),
    "kaplan_meier_death": StudyEstimator(
        "death_365", _risk_by(death_curve, ONE_YEAR), "Kaplan-Meier risk of death by day 365"
    ),
    "kaplan_meier_death_1095": StudyEstimator(
        "death_1095", _risk_by(death_curve, THREE_YEARS), "Kaplan-Meier risk of death by day 1,095"
    ),
    "silence_is_health": StudyEstimator(
        "death_365",
        _silence_is_health,
        "Share with a death on record by day 365, all others taken for alive: fails on purpose, too low",
    ),
    "quantile_death": StudyEstimator(
        "death_quantile", _quantile, "Day by which 5 % have died, off the Kaplan-Meier curve"
    ),
    "conditional_survival": StudyEstimator(
        "survival_1095_given_365", _conditional, "Survival to day 1,095 of those alive after day 365"
    ),
    "landmark_mace": StudyEstimator(
        "landmark_mace",
        _landmark,
        "Risk of death, infarction or TVR by day 365 of those free of it on day 30",
    ),
    "aalen_johansen_tvr": StudyEstimator(
        "tvr_365",
        _risk_by(_revascularisation_curve, ONE_YEAR),
        "Aalen-Johansen risk of target-vessel revascularisation by day 365",
    ),
    "aalen_johansen_tvr_1095": StudyEstimator(
        "tvr_1095", _risk_by(_revascularisation_curve, THREE_YEARS), "The same by day 1,095"
    ),
    "naive_kaplan_meier_tvr": StudyEstimator(
        "tvr_1095",
        _risk_by(_revascularisation_alone, THREE_YEARS),
        "One minus Kaplan-Meier of the same, deaths taken for losses: fails on purpose, too high",
    ),
    "cumulative_hazard_tvr": StudyEstimator(
        "tvr_cumulative_hazard", _cumulative_hazard, "Nelson-Aalen cumulative hazard of TVR by day 1,095"
    ),
    "smooth_hazard_tvr": StudyEstimator(
        "tvr_hazard_late", _smooth_hazard, "Kernel-smoothed hazard of TVR per day on day 700"
    ),
    "time_lost_tvr": StudyEstimator(
        "tvr_lost_days", _time_lost, "Mean days lost to TVR out of 1,095, deaths competing"
    ),
    "restricted_mean_mace": StudyEstimator(
        "free_days_1095", _restricted_mean, "Mean days free of death, infarction and TVR out of 1,095"
    ),
    "median_follow_up": StudyEstimator(
        "median_follow_up", _follow_up, "Median follow-up of hospitals with linkage, reverse Kaplan-Meier"
    ),
}
"""Analyses by name."""

TESTS: dict[str, StudyTest] = {}
"""Tests by name."""
