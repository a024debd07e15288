"""Tests between groups: treated on even and on odd days, who are alike, and groups that are not."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl

from analytics.refusals import NotEstimable
from analytics.survival.comparisons import compare_event_curves
from analytics.survival.event_counts import EventCounts, count_events
from analytics.survival.gray import compare_incidences
from analytics.survival.group_trends import compare_trend
from analytics.survival.rank_sums import LOG_RANK, PETO_PETO, RankWeights
from synthetic.study.analyses.groups import DAYS, SMOKING, compare_means, regress_pseudo_values
from synthetic.study.answers import StudyEstimator, StudyTest

if TYPE_CHECKING:
    from collections.abc import Callable

    from synthetic.study.frames import Replicate

    Run = Callable[[Replicate], float | NotEstimable]

_LATE = RankWeights(gamma=1.0)
_SCORES = {"none": 0.0, "mild": 1.0, "moderate": 2.0, "severe": 3.0}


@lru_cache(maxsize=8)
def _counts(replicate: Replicate, endpoint: str, strata: tuple[str, ...]) -> EventCounts:
    """Count events by group; kept for the tests that read the same counts."""
    return count_events(replicate.outcome(endpoint), strata=strata)


def _log_rank(by: str, weights: RankWeights = LOG_RANK, *, strata: tuple[str, ...] = ()) -> Run:
    """Build a test of the log-rank family of death, infarction and TVR."""

    def run(replicate: Replicate) -> float | NotEstimable:
        counts = _counts(replicate, "mace_d", (by, *strata))
        found = compare_event_curves(counts, group=by, strata=strata, weights=weights)
        return found if isinstance(found, NotEstimable) else found.p_value

    return run


def _gray(by: str) -> Run:
    """Build Gray's test of target-vessel revascularisation, deaths competing."""

    def run(replicate: Replicate) -> float | NotEstimable:
        found = compare_incidences(_counts(replicate, "tvr", (by,)), group=by)
        return found if isinstance(found, NotEstimable) else found.p_value

    return run


def _means(by: str, labels: tuple[str, str]) -> Run:
    """Build the test of a difference in event-free days."""

    def run(replicate: Replicate) -> float | NotEstimable:
        found = compare_means(replicate, by, labels)
        if isinstance(found, NotEstimable):
            return found
        row = found.table.row(by_predicate=pl.col("contrast") == "difference", named=True)
        return float(row["p_value"])

    return run


def _pseudo_values(by: str, label: str) -> Run:
    """Build the test of a difference in risk by pseudo-values."""

    def run(replicate: Replicate) -> float | NotEstimable:
        found = regress_pseudo_values(replicate, by, label)
        return found if isinstance(found, NotEstimable) else float(found.table["p_value"][1])

    return run


def _trend(replicate: Replicate) -> float | NotEstimable:
    """Test for a trend over the recorded grade of calcification."""
    found = compare_trend(_counts(replicate, "mace_d", ("severity",)), group="severity", scores=_SCORES)
    return found if isinstance(found, NotEstimable) else found.p_value


ESTIMATORS: dict[str, StudyEstimator] = {}
"""Analyses by name."""

TESTS: dict[str, StudyTest] = {
    "log_rank_days": StudyTest(
        "days_alike", _log_rank("even_day"), "Log-rank, death, infarction or TVR, even against odd days"
    ),
    "stratified_log_rank_days": StudyTest(
        "days_alike", _log_rank("even_day", strata=("site_id",)), "The same, stratified by hospital"
    ),
    "peto_peto_days": StudyTest(
        "days_alike", _log_rank("even_day", PETO_PETO), "Peto and Peto's test, even against odd days"
    ),
    "late_log_rank_days": StudyTest(
        "days_alike",
        _log_rank("even_day", _LATE),
        "Fleming-Harrington (0, 1), late events weighing most, even against odd days",
    ),
    "gray_days": StudyTest(
        "days_alike", _gray("even_day"), "Gray's test, TVR with deaths competing, even against odd days"
    ),
    "restricted_mean_days": StudyTest(
        "days_alike", _means("even_day", DAYS), "Event-free days out of 1,095, even against odd days"
    ),
    "pseudo_values_days": StudyTest(
        "days_alike",
        _pseudo_values("even_day", "true"),
        "One-year risk by regression of pseudo-values, even against odd days",
    ),
    "log_rank_smoking": StudyTest(
        "smoking_alike", _log_rank("current_smoking"), "Log-rank, death, infarction or TVR, by smoking"
    ),
    "peto_peto_smoking": StudyTest(
        "smoking_alike", _log_rank("current_smoking", PETO_PETO), "Peto and Peto's test by smoking"
    ),
    "late_log_rank_smoking": StudyTest(
        "smoking_alike", _log_rank("current_smoking", _LATE), "Fleming-Harrington (0, 1) by smoking"
    ),
    "gray_smoking": StudyTest(
        "smoking_alike", _gray("current_smoking"), "Gray's test, TVR with deaths competing, by smoking"
    ),
    "restricted_mean_smoking": StudyTest(
        "smoking_alike",
        _means("current_smoking", SMOKING),
        "Event-free days out of 1,095, by smoking",
    ),
    "pseudo_values_smoking": StudyTest(
        "smoking_alike",
        _pseudo_values("current_smoking", "true"),
        "One-year risk by regression of pseudo-values, by smoking",
    ),
    "trend_severity": StudyTest(
        "severity_alike", _trend, "Log-rank test for trend over the recorded grade of calcification"
    ),
}
"""Tests by name."""
