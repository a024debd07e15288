"""The estimators that a specification may name: which function runs each, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import polars as pl

from analytics.estimation.binary import run_binary_rates
from analytics.estimation.curves import (
    run_conditional_survival,
    run_cumulative_hazards,
    run_curves,
    run_proportions,
    run_smooth_hazards,
    run_time_lost,
)
from analytics.estimation.hierarchies import run_win_ratio
from analytics.estimation.models import run_cause_specific, run_cox, run_fine_gray
from analytics.estimation.parametric import (
    run_accelerated_failure_time,
    run_piecewise_exponential,
    run_royston_parmar,
)
from analytics.estimation.recurrent import run_mean_cumulative_count
from analytics.estimation.results import Results
from analytics.estimation.standardised import run_standardised_risk
from analytics.estimation.validation import run_validation

if TYPE_CHECKING:
    from analytics.estimation.specification import Specification

Runner: TypeAlias = "Callable[[pl.DataFrame, Specification, tuple[str, ...]], Results]"


@dataclass(frozen=True)
class Estimator:
    """One estimator.

    Parameters
    ----------
    run
        Takes rows with ``time_days``, ``cause`` and ``group``, the specification and the labels of the
        causes.
    answers
        What it answers, as docs/analyses.md says it.
    """

    run: Runner
    answers: str


ESTIMATORS: dict[str, Estimator] = {
    "kaplan_meier": Estimator(run_curves, "risk by a day, where nothing competes; log-rank test"),
    "aalen_johansen": Estimator(
        run_curves, "risk by a day, where death competes; log-rank test of the rates"
    ),
    "gray": Estimator(run_curves, "the same risks, with Gray's test of the incidences"),
    "log_rank": Estimator(run_curves, "the test alone, stratified or weighted"),
    "nelson_aalen": Estimator(run_cumulative_hazards, "cumulative hazard by a day; others censored"),
    "smooth_hazard": Estimator(run_smooth_hazards, "when in the follow-up events happen, smoothed"),
    "conditional_survival": Estimator(
        run_conditional_survival, "chance of staying free up to a day, for those free on `from_day`"
    ),
    "rmst": Estimator(
        run_curves, "mean days free of the endpoint up to each horizon, each group against the first"
    ),
    "restricted_time_lost": Estimator(
        run_time_lost, "mean days lost to each cause up to each horizon, each group against the first"
    ),
    "mean_cumulative_count": Estimator(
        run_mean_cumulative_count, "mean number of events per patient, repeats counted; death ends the count"
    ),
    "cox": Estimator(
        run_cox,
        "hazard ratios, test of proportional hazards; with options: Firth's penalty, frailty, ratios by "
        "period, contrasts, risks of given patients",
    ),
    "cause_specific_cox": Estimator(
        run_cause_specific, "hazard ratios of every cause, and the risks of given patients that follow"
    ),
    "fine_gray": Estimator(run_fine_gray, "ratios of subdistribution hazards, where death competes"),
    "accelerated_failure_time": Estimator(
        run_accelerated_failure_time, "ratios of the time to the event, under a distribution"
    ),
    "royston_parmar": Estimator(
        run_royston_parmar, "hazard (or odds) ratios with a smooth baseline; hazards and risks over time"
    ),
    "piecewise_exponential": Estimator(
        run_piecewise_exponential, "event rates between days, and their ratios"
    ),
    "validation": Estimator(
        run_validation, "how well a Cox model predicts: discrimination, calibration, optimism"
    ),
    "win_ratio": Estimator(
        run_win_ratio,
        "two groups compared by death, then infarction, then revascularisation; the reference is the last "
        "level",
    ),
    "binary_rates": Estimator(
        run_binary_rates,
        "share with an outcome that happened or not, groups compared, trend over their order",
    ),
    "proportion": Estimator(run_proportions, "share by a day where status is known but not the day"),
    "standardised_risk": Estimator(
        run_standardised_risk, "risk of a complication in each group as if all had had the same patients"
    ),
}
"""Every estimator by the name that a specification gives."""
