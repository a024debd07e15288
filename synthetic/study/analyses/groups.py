"""Two groups compared as they are: treated on alternate days, men and women, with and without dialysis."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.refusals import NotEstimable
from analytics.regression.design import INTERCEPT, Design
from analytics.regression.linear import fit_linear
from analytics.survival.event_counts import count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.horizons import estimate_horizon_risk
from analytics.survival.intervals import normal_quantile
from analytics.survival.pseudo_values import estimate_pseudo_values
from analytics.survival.restricted_means import compare_restricted_means, estimate_restricted_mean
from analytics.survival.win_ratio import PairGroups, TimedOutcome, estimate_win_ratio
from synthetic.study.answers import Answer, StudyEstimator, StudyTest, symmetric
from synthetic.study.truths.horizons import ONE_YEAR, THREE_YEARS

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.regression.results import RegressionFit
    from analytics.survival.restricted_means import RestrictedMeanContrast
    from analytics.survival.results import EventCurve
    from synthetic.study.frames import Replicate

SEX = ("male", "female")
DAYS = DIALYSIS = SMOKING = ("true", "false")
"""Labels of the groups, the reference last."""

_HIERARCHY = ("all_cause_death", "mi", "tvr")
_PAIRED = 1_200
"""Patients of whom pairs are made: the work grows with their square."""


@lru_cache(maxsize=4)
def composite_curves(
    replicate: Replicate, by: str, labels: tuple[str, str]
) -> tuple[EventCurve, EventCurve] | NotEstimable:
    """Estimate freedom from death, infarction and TVR in two groups; kept for what reads the same curves."""
    counts = count_events(replicate.outcome("mace_d"), strata=(by,))
    curves = [estimate_event_curve(counts, group=label) for label in labels]
    refused = [curve for curve in curves if isinstance(curve, NotEstimable)]
    return refused[0] if refused else (curves[0], curves[1])  # type: ignore[return-value]  # none is refused


def compare_means(
    replicate: Replicate, by: str, labels: tuple[str, str]
) -> RestrictedMeanContrast | NotEstimable:
    """Compare event-free days out of three years."""
    curves = composite_curves(replicate, by, labels)
    if isinstance(curves, NotEstimable):
        return curves
    first, second = (estimate_restricted_mean(curve, THREE_YEARS) for curve in curves)
    if isinstance(first, NotEstimable) or isinstance(second, NotEstimable):
        return first if isinstance(first, NotEstimable) else second  # type: ignore[return-value]  # one is refused
    return compare_restricted_means(first, second)


def _mean_difference(by: str, labels: tuple[str, str]) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build the difference in event-free days."""

    def run(replicate: Replicate) -> Answer | NotEstimable:
        found = compare_means(replicate, by, labels)
        if isinstance(found, NotEstimable):
            return found
        row = found.table.row(by_predicate=pl.col("contrast") == "difference", named=True)
        return symmetric(row["estimate"], (row["upper"] - row["estimate"]) / normal_quantile(0.95))

    return run


def _risk_difference(by: str, labels: tuple[str, str]) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build the difference in Kaplan-Meier risk at a year."""

    def run(replicate: Replicate) -> Answer | NotEstimable:
        curves = composite_curves(replicate, by, labels)
        if isinstance(curves, NotEstimable):
            return curves
        first, second = (estimate_horizon_risk(curve, ONE_YEAR) for curve in curves)
        if isinstance(first, NotEstimable) or isinstance(second, NotEstimable):
            return first if isinstance(first, NotEstimable) else second  # type: ignore[return-value]  # one is refused
        return symmetric(first.risk - second.risk, float(np.hypot(first.std_error, second.std_error)))

    return run


def regress_pseudo_values(replicate: Replicate, by: str, label: str) -> RegressionFit | NotEstimable:
    """Regress pseudo-values of the risk at a year on a group, with a variance that patients' spread gives."""
    rows = replicate.outcome("mace_d").drop_nulls(by)
    values = estimate_pseudo_values(
        rows["time_days"].to_list(), rows["cause"].to_list(), cause=1, horizons=(ONE_YEAR,)
    )
    group = (rows[by].cast(pl.String) == label).cast(pl.Float64).to_numpy()
    design = Design(np.column_stack([np.ones(len(group)), group]), (INTERCEPT, by))
    return fit_linear(design, values[:, 0], clusters=rows["patient_id"])


def _pseudo_difference(by: str, label: str) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build the difference in risk by pseudo-values."""

    def run(replicate: Replicate) -> Answer | NotEstimable:
        found = regress_pseudo_values(replicate, by, label)
        if isinstance(found, NotEstimable):
            return found
        row = found.table.row(1, named=True)
        return Answer(row["coefficient"], row["std_error"], row["lower"], row["upper"])

    return run


def _win_ratio(replicate: Replicate) -> Answer | NotEstimable:
    """Compare even with odd days by death, then infarction, then TVR; the logarithm."""
    frame = replicate.outcome(_HIERARCHY[0]).select("procedure_id", "even_day").head(_PAIRED)
    for name in _HIERARCHY:
        own = replicate.outcome(name).select(
            "procedure_id",
            pl.col("time_days").alias(f"{name}_days"),
            (pl.col("cause") == 1).alias(f"{name}_event"),
        )
        frame = frame.join(own, on="procedure_id", how="inner", maintain_order="left")
    outcomes = [TimedOutcome(name, f"{name}_days", f"{name}_event") for name in _HIERARCHY]
    found = estimate_win_ratio(frame, outcomes, PairGroups("even_day", *DAYS))
    if isinstance(found, NotEstimable):
        return found
    row = found.table.row(-1, named=True)
    lower, upper = np.log([row["win_ratio_lower"], row["win_ratio_upper"]])
    return Answer(float(np.log(row["win_ratio"])), row["win_ratio_std_error"], float(lower), float(upper))


ESTIMATORS: dict[str, StudyEstimator] = {
    "risk_difference_days": StudyEstimator(
        "no_difference",
        _risk_difference("even_day", DAYS),
        "Difference in one-year risk of death, infarction or TVR, treated on even against odd days: none",
    ),
    "risk_difference_sex": StudyEstimator(
        "sex_mace_difference", _risk_difference("sex", SEX), "The same, men against women, who are older"
    ),
    "risk_difference_dialysis": StudyEstimator(
        "dialysis_mace_difference",
        _risk_difference("dialysis", DIALYSIS),
        "The same, dialysis against none: few patients, many events",
    ),
    "pseudo_values_diabetes": StudyEstimator(
        "diabetes_mace_difference",
        _pseudo_difference("has_diabetes", "true"),
        "Difference in one-year risk by regression of pseudo-values, diabetes against none",
    ),
    "mean_difference_days": StudyEstimator(
        "no_difference",
        _mean_difference("even_day", DAYS),
        "Difference in event-free days out of 1,095, treated on even against odd days: none",
    ),
    "mean_difference_dialysis": StudyEstimator(
        "dialysis_free_days_difference",
        _mean_difference("dialysis", DIALYSIS),
        "The same, dialysis against none",
    ),
    "win_ratio_days": StudyEstimator(
        "no_difference",
        _win_ratio,
        "Log win ratio of death, infarction and TVR in this order, even against odd days, 1,200 patients",
    ),
}
"""Analyses by name."""

TESTS: dict[str, StudyTest] = {}
"""Tests by name."""
