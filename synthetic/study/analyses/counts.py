"""Comparisons of devices, crude and adjusted, and of shares that happened or not."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analytics.comparison.covariates import choose_covariates
from analytics.comparison.standardisation import standardise
from analytics.refusals import NotEstimable
from analytics.survival.event_counts import count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.horizons import estimate_horizon_risk
from synthetic.study.answers import Answer, StudyEstimator, StudyTest, symmetric
from synthetic.study.truths import GROUPS, ONE_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.comparison.results import StandardisedComparison
    from synthetic.study.frames import Replicate


def _crude_difference(replicate: Replicate) -> Answer | NotEstimable:
    """Subtract the Kaplan-Meier risks of two devices at a year."""
    counts = count_events(replicate.outcome("mace_d"), strata=("strategy",))
    risks = []
    for group in GROUPS:
        curve = estimate_event_curve(counts, group=group)
        found = curve if isinstance(curve, NotEstimable) else estimate_horizon_risk(curve, ONE_YEAR)
        if isinstance(found, NotEstimable):
            return found
        risks.append(found)
    error = float(np.hypot(risks[0].std_error, risks[1].std_error))
    return symmetric(risks[1].risk - risks[0].risk, error)


@lru_cache(maxsize=4)
def _standardise(replicate: Replicate, *, adjusted: bool) -> StandardisedComparison | NotEstimable:
    """Compare slow flow between two intended devices, crude or standardised; kept for what reads the same."""
    rows = replicate.procedures.with_columns(device=pl.col("strategy_intended").cast(pl.String))
    return standardise(
        rows.filter(pl.col("device").is_in(list(GROUPS))),
        outcome="slow_flow_no_reflow",
        exposure="device",
        levels=GROUPS,
        covariates=choose_covariates(rows, exposure="device") if adjusted else (),
        clusters="patient_id",
    )


def _slow_flow(measure: str, *, adjusted: bool) -> Callable[[Replicate], Answer | NotEstimable]:
    """Build the difference in slow flow between two devices, or the logarithm of the ratio."""

    def run(replicate: Replicate) -> Answer | NotEstimable:
        found = _standardise(replicate, adjusted=adjusted)
        if isinstance(found, NotEstimable):
            return found
        row = found.contrasts.row(by_predicate=pl.col("measure") == measure, named=True)
        numbers = np.array([row["estimate"], row["lower"], row["upper"]])
        estimate, lower, upper = np.log(numbers) if measure == "ratio" else numbers
        return Answer(float(estimate), row["std_error"], float(lower), float(upper))

    return run


ESTIMATORS: dict[str, StudyEstimator] = {
    "crude_risk_difference": StudyEstimator(
        "mace_difference_365",
        _crude_difference,
        "Crude difference in one-year risk, rotational atherectomy against plain balloon: confounded",
    ),
    "crude_slow_flow": StudyEstimator(
        "slow_flow_difference", _slow_flow("difference", adjusted=False), "Crude difference in slow flow"
    ),
    "standardised_slow_flow": StudyEstimator(
        "slow_flow_difference",
        _slow_flow("difference", adjusted=True),
        "Difference in slow flow, standardised by regression",
    ),
    "crude_slow_flow_ratio": StudyEstimator(
        "slow_flow_log_ratio",
        _slow_flow("ratio", adjusted=False),
        "Crude log risk ratio of slow flow: confounded",
    ),
    "standardised_slow_flow_ratio": StudyEstimator(
        "slow_flow_log_ratio",
        _slow_flow("ratio", adjusted=True),
        "Log risk ratio of slow flow, standardised by regression",
    ),
}
"""Analyses by name."""

TESTS: dict[str, StudyTest] = {}
"""Tests by name."""
