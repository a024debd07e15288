"""Tests on counts of complications: size where nothing differs, power where something does.

Procedures of odd and even days of the month are alike in every scenario.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analytics.proportions.multiplicity import benjamini_hochberg, holm
from analytics.proportions.tests import chi_square, fisher_exact, mid_p
from analytics.proportions.trend import cochran_armitage
from analytics.refusals import NotEstimable
from synthetic.study.analyses.rates import SLOW_FLOW, count
from synthetic.study.answers import StudyEstimator, StudyTest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from analytics.proportions.results import CountTest
    from synthetic.study.frames import Replicate

_RARE = "tamponade"
_SEVERAL = (
    SLOW_FLOW,
    "dissection_any",
    "perforation_any",
    _RARE,
    "av_block",
    "balloon_rupture",
    "periprocedural_mi",
)
_GRADES = ("none", "mild", "moderate", "severe")
_ODD = pl.col("procedure_date").dt.day() % 2 == 1


def _pearson(x1: int, n1: int, x2: int, n2: int) -> CountTest | NotEstimable:
    """Test two shares by chi-square, as the other tests take them."""
    return chi_square([[x1, n1 - x1], [x2, n2 - x2]])


def _p_value(found: CountTest | NotEstimable) -> float | NotEstimable:
    """Read the p value."""
    return found if isinstance(found, NotEstimable) else found.p_value


def _between(
    test: Callable[[int, int, int, int], CountTest | NotEstimable], flag: str, group: pl.Expr
) -> Callable[[Replicate], float | NotEstimable]:
    """Build the comparison of a complication between a group and all others."""

    def run(replicate: Replicate) -> float | NotEstimable:
        rows = replicate.procedures.with_columns(group=group).drop_nulls("group")
        first, second = (count(rows.filter(pl.col("group") == mark), flag) for mark in (True, False))
        return _p_value(test(*first, *second))

    return run


def _trend(column: pl.Expr, levels: Sequence[object]) -> Callable[[Replicate], float | NotEstimable]:
    """Build the test for a trend of slow flow over ordered groups."""

    def run(replicate: Replicate) -> float | NotEstimable:
        rows = replicate.procedures.with_columns(level=column)
        counts = [count(rows.filter(pl.col("level") == level), SLOW_FLOW) for level in levels]
        return _p_value(cochran_armitage([x for x, _ in counts], [n for _, n in counts]))

    return run


def _smallest(
    adjust: Callable[[Sequence[float | None]], Sequence[float | None]],
) -> Callable[[Replicate], float | NotEstimable]:
    """Build the smallest p value of several complications, adjusted for their number."""

    def run(replicate: Replicate) -> float | NotEstimable:
        found = [_between(fisher_exact, flag, _ODD)(replicate) for flag in _SEVERAL]
        known = [p for p in adjust([p for p in found if not isinstance(p, NotEstimable)]) if p is not None]
        return min(known) if known else NotEstimable("complications", "None was seen.", "no_events")

    return run


ESTIMATORS: dict[str, StudyEstimator] = {}
"""Analyses by name."""

_DAY, _GRADE = "complications_by_day_alike", "complications_by_grade_alike"
_SEVERE = pl.col("severity") == "severe"
_THIRD_OF_MONTH = (pl.col("procedure_date").dt.day() - 1) // 10

TESTS: dict[str, StudyTest] = {
    "slow_flow_chi_square": StudyTest(
        _DAY, _between(_pearson, SLOW_FLOW, _ODD), "Slow flow on odd against even days, chi-square"
    ),
    "slow_flow_mid_p": StudyTest(_DAY, _between(mid_p, SLOW_FLOW, _ODD), "The same, mid-P"),
    "slow_flow_fisher": StudyTest(_DAY, _between(fisher_exact, SLOW_FLOW, _ODD), "The same, Fisher"),
    "tamponade_chi_square": StudyTest(
        _DAY, _between(_pearson, _RARE, _ODD), "Tamponade on odd against even days, chi-square: too few"
    ),
    "tamponade_mid_p": StudyTest(_DAY, _between(mid_p, _RARE, _ODD), "The same, mid-P"),
    "tamponade_fisher": StudyTest(_DAY, _between(fisher_exact, _RARE, _ODD), "The same, Fisher: cautious"),
    "slow_flow_trend_month": StudyTest(
        _DAY, _trend(_THIRD_OF_MONTH, (0, 1, 2)), "Slow flow over thirds of the month, Cochran-Armitage"
    ),
    "smallest_p_unadjusted": StudyTest(
        _DAY,
        _smallest(lambda p_values: p_values),
        "Smallest of seven complications on odd against even days, not adjusted: too often, on purpose",
    ),
    "smallest_p_holm": StudyTest(_DAY, _smallest(holm), "The same, adjusted by Holm"),
    "smallest_p_benjamini_hochberg": StudyTest(
        _DAY, _smallest(benjamini_hochberg), "The same, adjusted by Benjamini and Hochberg"
    ),
    "severe_slow_flow_chi_square": StudyTest(
        _GRADE, _between(_pearson, SLOW_FLOW, _SEVERE), "Slow flow in severe calcium against less, chi-square"
    ),
    "severe_slow_flow_fisher": StudyTest(_GRADE, _between(fisher_exact, SLOW_FLOW, _SEVERE), "Fisher"),
    "slow_flow_trend_grade": StudyTest(
        _GRADE, _trend(pl.col("severity"), _GRADES), "Slow flow over grades of calcium, Cochran-Armitage"
    ),
}
"""Tests by name."""
