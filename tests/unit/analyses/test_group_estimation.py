"""Restricted means, Gray's test, pairs, hierarchies and stretches of follow-up from a specification."""

import math
from typing import Any

import polars as pl
import pytest

from analytics.errors import SpecificationError
from analytics.estimation.running import estimate
from analytics.estimation.specification import parse_specification
from analytics.survival.restricted_means import RestrictedMean
from analytics.survival.results import CumulativeIncidence, EventCurve, GroupTest, HorizonRisk, NotEstimable
from analytics.survival.results_competing import FineGrayFit
from analytics.survival.results_win_ratio import WinRatio

# Two groups of four: a has events on days 10 and 20, b one on day 10; the rest are followed to day 40.
ROWS = pl.DataFrame(
    {
        "time_days": [10, 20, 40, 40, 10, 40, 40, 40],
        "cause": [1, 1, 0, 0, 1, 0, 0, 0],
        "arm": ["a", "a", "a", "a", "b", "b", "b", "b"],
        "w": [1.0, 3.0, 1.0, 3.0, 1.0, 1.0, 1.0, 1.0],
        "x": [1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0],
    },
    schema_overrides={"cause": pl.Int8},
)


def _spec(estimator: str, **parts: Any) -> Any:  # noqa: ANN401 - a specification in the making
    head = {"name": "t", "estimator": estimator, "horizons_days": [30], **parts.pop("analysis", {})}
    return parse_specification({"analysis": head, **parts}, where="test")


def test_restricted_means_are_areas_and_are_set_against_the_first_group() -> None:
    spec = _spec("rmst", groups={"by": "arm", "levels": ["b", "a"]})
    results = estimate(ROWS, spec, causes=("event",))
    means = [one for one in results.means if isinstance(one, RestrictedMean)]
    # b: 10 days at 1, 20 at 3/4; a: 10 at 1, 10 at 3/4, 10 at 1/2.
    assert [(one.group, one.mean_days) for one in means] == [("b", 25.0), ("a", 22.5)]
    (contrast,) = results.contrasts
    assert (contrast.group, contrast.reference) == ("a", "b")
    assert contrast.table.row(0, named=True)["estimate"] == pytest.approx(-2.5)


def test_restricted_means_are_refused_where_death_competes() -> None:
    results = estimate(ROWS, _spec("rmst", groups={"by": "arm"}), causes=("tvr", "death"))
    assert [getattr(one, "code", "") for one in results.means] == ["competing_events"] * 2
    assert results.contrasts == ()


def test_weights_of_the_days_are_passed_to_the_test() -> None:
    plain, early = (
        estimate(ROWS, _spec("log_rank", groups={"by": "arm", "rho": rho}), causes=("event",)).tests[0]
        for rho in (0.0, 1.0)
    )
    assert isinstance(plain, GroupTest)
    assert isinstance(early, GroupTest)
    # Day 10 has weight 1 and day 20 the curve before it, 6/8.
    expected = 1 + 0.75 * 0.5
    variance = 2 * 0.25 * 6 / 7 + 0.75**2 * 0.25
    assert early.statistic == pytest.approx((1 + 0.75 - expected) ** 2 / variance, rel=1e-12)
    assert early.statistic != pytest.approx(plain.statistic)


def test_every_pair_of_groups_is_tested_on_request() -> None:
    rows = pl.concat([ROWS, ROWS.filter(pl.col("arm") == "a").with_columns(arm=pl.lit("c"))])
    pairs = estimate(rows, _spec("log_rank", groups={"by": "arm", "pairwise": True}), causes=("event",)).pairs
    assert isinstance(pairs, pl.DataFrame)
    assert pairs.select("first", "second").rows() == [("a", "b"), ("a", "c"), ("b", "c")]
    assert pairs["statistic"][1] == pytest.approx(0.0)


def test_gray_comes_with_the_incidences_that_it_tests() -> None:
    rows = ROWS.with_columns(cause=pl.Series([1, 2, 0, 0, 1, 0, 0, 0], dtype=pl.Int8))
    results = estimate(rows, _spec("gray", groups={"by": "arm"}), causes=("tvr", "death"))
    assert all(isinstance(curve, CumulativeIncidence) for curve in results.curves)
    assert isinstance(results.tests[0], GroupTest)
    assert "Gray" in results.tests[0].basis.method
    late = estimate(
        rows.with_columns(entry_days=pl.lit(1)), _spec("gray", groups={"by": "arm"}), causes=("tvr", "death")
    )
    assert isinstance(late.tests[0], NotEstimable)


def test_the_last_day_that_counts_censors_what_follows() -> None:
    spec = _spec("kaplan_meier", analysis={"until_days": 15, "horizons_days": [15]}, groups={"by": "arm"})
    risks = [risk for risk in estimate(ROWS, spec, causes=("event",)).risks if isinstance(risk, HorizonRisk)]
    assert [(risk.n_event, risk.risk) for risk in risks] == [(1, 0.25), (1, 0.25)]
    late = _spec("log_rank", analysis={"landmark_days": 15, "until_days": 30}, groups={"by": "arm"})
    test = estimate(ROWS, late, causes=("event",)).tests[0]
    assert isinstance(test, GroupTest)
    assert (test.basis.n, test.basis.n_events, test.basis.person_days) == (6, 1, 5 + 5 * 15)


def test_the_scale_of_the_interval_is_the_one_asked_for() -> None:
    risks = {}
    for scale in ("plain", "log-log"):
        spec = _spec("kaplan_meier", analysis={"interval": scale})
        (risk,) = estimate(ROWS, spec, causes=("event",)).risks
        assert isinstance(risk, HorizonRisk)
        risks[scale] = risk
    # 3 of 8 by day 30, nobody censored before: binomial standard error.
    reach = 1.959963984540054 * math.sqrt(3 / 8 * 5 / 8 / 8)
    assert (risks["plain"].lower, risks["plain"].upper) == pytest.approx((3 / 8 - reach, 3 / 8 + reach))
    assert risks["log-log"].upper != pytest.approx(risks["plain"].upper)


def test_weighted_curves_equal_repeated_rows() -> None:
    spec = _spec("kaplan_meier", analysis={"weights": "w"}, groups={"by": "arm", "levels": ["a"]})
    results = estimate(ROWS, spec, causes=("event",))
    (curve,) = results.curves
    assert isinstance(curve, EventCurve)
    # Weights 1, 3, 1, 3: 7/8 after day 10, 4/8 after day 20.
    assert curve.table["survival"].to_list()[:2] == pytest.approx([0.875, 0.5])
    assert results.tests == ()


def test_a_subdistribution_model_is_fitted_or_refused() -> None:
    rows = pl.concat([ROWS.with_columns(pl.col("time_days") + shift) for shift in range(4)])
    rows = rows.with_columns(cause=pl.Series([1, 2, 0, 1, 1, 0, 2, 0] * 4, dtype=pl.Int8))
    model = {"term": [{"column": "x"}]}
    fit = estimate(rows, _spec("fine_gray", model=model), causes=("tvr", "death")).fit
    assert isinstance(fit, FineGrayFit)
    assert (fit.terms, fit.basis.n_events) == (("x",), 12)
    late = estimate(rows.with_columns(entry_days=0), _spec("fine_gray", model=model), causes=("tvr", "death"))
    assert isinstance(late.fit, NotEstimable)
    unknown = rows.with_columns(time_is_exact=pl.lit(value=False))
    refused = estimate(unknown, _spec("fine_gray", model=model), causes=("tvr", "death")).fit
    assert getattr(refused, "code", "") == "event_times_unknown"


def test_a_hierarchy_sets_two_groups_against_each_other() -> None:
    rows = ROWS.with_columns(outcome_1_days="time_days", outcome_1_event=pl.col("cause") == 1)
    groups = {"by": "arm", "levels": ["b", "a"], "labels": ["B", "A"]}
    found = estimate(rows, _spec("win_ratio", groups=groups), causes=("death",)).win_ratio
    assert isinstance(found, WinRatio)
    # B's event on day 10 loses to three of A; A's on day 10 loses to three of B, on day 20 too.
    assert found.table.select("n_win", "n_loss").row(0) == (6, 3)
    with pytest.raises(SpecificationError, match="compares two groups"):
        estimate(rows, _spec("win_ratio", groups={"by": "arm"}), causes=("death",))
    spec = _spec("win_ratio", analysis={"until_days": 20}, groups=groups)
    with pytest.raises(SpecificationError, match="whole follow-up"):
        estimate(rows, spec, causes=("death",))
    unknown = rows.with_columns(time_is_exact=pl.lit(value=False))
    refused = estimate(unknown, _spec("win_ratio", groups=groups), causes=("death",)).win_ratio
    assert getattr(refused, "code", "") == "event_times_unknown"


@pytest.mark.parametrize(
    ("head", "groups", "words"),
    [
        ({"landmark_days": -1}, {}, "'landmark_days' is no whole day"),
        ({"landmark_days": 30, "until_days": 30}, {}, "'until_days' is no whole day after the landmark"),
        ({"interval": "wald"}, {}, "unknown 'interval'"),
        ({}, {"rho": -1.0}, "'rho' or 'gamma' is below 0"),
    ],
)
def test_impossible_options_are_refused(head: dict[str, Any], groups: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecificationError) as caught:
        _spec("kaplan_meier", analysis=head, groups=groups)
    assert words in str(caught.value)
