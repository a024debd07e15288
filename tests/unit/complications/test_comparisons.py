"""Groups compared, families adjusted, trends over grades and quarters, counted by hand."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from analytics.complications.comparisons import (
    add_severity_group,
    adjust_contrasts,
    contrast_rates,
    estimate_quarterly_rates,
    estimate_severity_trends,
)
from analytics.complications.definitions import COMPLICATIONS
from analytics.complications.flags import derive_complication_flags
from analytics.complications.plan import COVARIATES, PRIMARY_COMPLICATIONS, REFERENCE, covariates_of
from analytics.complications.rates import estimate_rate
from analytics.complications.results import ComplicationRate
from analytics.errors import SpecificationError
from analytics.proportions.differences import newcombe_difference
from analytics.proportions.multiplicity import benjamini_hochberg, holm
from analytics.proportions.results import Comparison, CountTest
from analytics.proportions.tests import cochran_armitage, mid_p
from analytics.refusals import NotEstimable

if TYPE_CHECKING:
    from collections.abc import Callable

    Build = Callable[..., Any]

NONE = NotEstimable("standardised", "Not asked for.", "no_events")
TAMPONADE = {"complication_type": "tamponade"}


def rate(
    n_events: int,
    n_total: int,
    *,
    key: str = "perforation_any",
    strategy: str = "all",
    severity: str = "all",
    status: str = "observed",
) -> ComplicationRate:
    share = n_events / n_total if n_total else None
    return ComplicationRate(
        key, strategy, severity, "procedure", n_events, n_total, 0, status, share, 0.0, 1.0
    )


def test_groups_are_compared_by_newcombe_and_mid_p() -> None:
    found = contrast_rates(rate(33, 2115), rate(9, 1902), by="strategy", standardised=NONE)
    assert found.difference == newcombe_difference(33, 2115, 9, 1902)
    assert found.test == mid_p(33, 2115, 9, 1902)
    assert isinstance(found.ratio, Comparison)
    assert found.standardised is NONE


def test_a_group_that_cannot_have_it_is_not_compared() -> None:
    found = contrast_rates(
        rate(2, 100), rate(0, 0, status="structural_zero"), by="strategy", standardised=NONE
    )
    for part in (found.difference, found.ratio, found.test, found.standardised):
        assert isinstance(part, NotEstimable)
        assert "no device was used that can cause it" in part.reason


def test_small_groups_are_not_compared() -> None:
    found = contrast_rates(rate(1, 19), rate(5, 100), by="strategy", standardised=NONE)
    assert isinstance(found.difference, NotEstimable)
    assert found.difference.code == "no_patients"


def test_groups_without_an_event_have_a_difference_and_no_ratio() -> None:
    found = contrast_rates(rate(0, 60, status="zero"), rate(5, 100), by="strategy", standardised=NONE)
    assert isinstance(found.difference, Comparison)
    assert isinstance(found.ratio, NotEstimable)


def test_holm_holds_the_family_and_false_discovery_the_rest() -> None:
    def pair(key: str, first: str, second: str, k: int) -> Any:  # noqa: ANN401 - a contrast
        return contrast_rates(
            rate(k, 100, key=key, severity=first), rate(4, 100, key=key, severity=second),
            by="severity", standardised=NONE,
        )  # fmt: skip

    given = [
        pair("dissection_any", "severe", "none_mild", 12),
        pair("perforation_any", "severe", "none_mild", 14),
        pair("perforation_any", "moderate", "none_mild", 13),
        pair("tamponade", "severe", "none_mild", 11),
    ]
    p = [one.test.p_value for one in given]
    found = adjust_contrasts(given)
    assert [one.adjustment for one in found] == ["Holm", "Holm", "FDR", "FDR"]
    assert [one.p_adjusted for one in found] == [*holm(p[:2]), *benjamini_hochberg(p[2:])]


def test_a_comparison_without_a_test_does_not_count_in_the_family() -> None:
    few = contrast_rates(
        rate(1, 5, severity="severe"), rate(4, 100, severity="none_mild"), by="severity", standardised=NONE
    )
    many = contrast_rates(
        rate(14, 100, severity="severe"), rate(4, 100, severity="none_mild"), by="severity", standardised=NONE
    )
    found = adjust_contrasts([few, many])
    assert found[0].p_adjusted is None
    assert isinstance(many.test, CountTest)
    assert found[1].p_adjusted == many.test.p_value


def graded(frames: Build) -> pl.DataFrame:
    """20, 22 and 25 procedures of no or mild, moderate and severe calcium; 0, 1 and 3 events."""
    counts = {
        "none": (10, 0),
        "none_mild": (10, 0),
        "moderate": (22, 1),
        "severe": (25, 3),
        "unknown": (9, 2),
    }
    procedures, records = [], []
    for grade, (total, events) in counts.items():
        for number in range(total):
            name = f"{grade}{number}"
            procedures.append({"procedure_id": name, "severity": grade})
            records += [{"procedure_id": name, **TAMPONADE}] if number < events else []
    built = frames(procedures, records)
    return add_severity_group(derive_complication_flags(built, built), "severity")


def test_trend_over_grades_counts_known_grades_only(frames: Build) -> None:
    trends = estimate_severity_trends(graded(frames), "tamponade", strategies=["nc_balloon", "elca"])
    assert [trend.strategy for trend in trends] == ["all", "nc_balloon"]
    counts = [(one.severity, one.n_events, one.n_total) for one in trends[0].rates]
    assert counts == [("none_mild", 0, 20), ("moderate", 1, 22), ("severe", 3, 25)]
    # All tables with these margins gone through in R 4.2.2: see the tests of proportions.
    assert isinstance(trends[0].test, CountTest)
    assert trends[0].test.p_value == pytest.approx(0.121562206450266, rel=1e-10)
    assert trends[0].p_adjusted == pytest.approx(0.121562206450266, rel=1e-10)


def test_quarters_are_calendar_quarters_in_order(frames: Build) -> None:
    built = frames(
        [{"procedure_id": name} for name in "ABCDE"], [{"procedure_id": name, **TAMPONADE} for name in "CD"]
    )
    days = [dt.date(2024, 3, 31), dt.date(2024, 1, 1), dt.date(2024, 4, 1), dt.date(2023, 12, 31), None]
    flags = derive_complication_flags(built, built).with_columns(procedure_date=pl.Series(days))
    found = estimate_quarterly_rates(flags, "tamponade")
    assert found.quarters == ("2023 Q4", "2024 Q1", "2024 Q2")
    assert [(one.n_events, one.n_total) for one in found.rates] == [(1, 1), (0, 2), (1, 1)]
    assert found.n_undated == 1
    assert found.trend == cochran_armitage([1, 0, 1], [1, 2, 1])


def test_no_dated_procedure_gives_no_quarter(frames: Build) -> None:
    built = frames([{"procedure_id": "A"}])
    flags = derive_complication_flags(built, built).with_columns(procedure_date=pl.lit(None, dtype=pl.Date))
    found = estimate_quarterly_rates(flags, "tamponade")
    assert (found.quarters, found.n_undated) == ((), 1)
    assert isinstance(found.trend, NotEstimable)


def test_one_rate_carries_the_labels_it_is_given(frames: Build) -> None:
    built = frames([{"procedure_id": "A"}], [{"procedure_id": "A", **TAMPONADE}])
    flags = derive_complication_flags(built, built)
    found = estimate_rate(flags, "tamponade", strategy="elca", severity="severe")
    assert (found.strategy, found.severity, found.n_events) == ("elca", "severe", 1)
    with pytest.raises(SpecificationError, match="unknown complication"):
        estimate_rate(flags, "tamponad")


def test_the_plan_names_complications_and_covariates_that_there_are() -> None:
    assert set(PRIMARY_COMPLICATIONS) <= set(COMPLICATIONS)
    assert set(REFERENCE) == {"strategy", "severity"}
    assert covariates_of("patient", "strategy") == COVARIATES["procedure"]["strategy"]
    # A device follows from the grade: adjusting a grade for it would take its effect away.
    assert not any("strategy" in name for unit in COVARIATES.values() for name in unit["severity"])
