"""Kaplan-Meier curves: closed forms by hand, edges, refusals, and a second witness."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from lifelines import KaplanMeierFitter

from analytics.survival.curve_reading import curve_quantiles, read_curve_at, restricted_mean
from analytics.survival.event_counts import count_events
from analytics.survival.event_curves import estimate_event_curve, estimate_event_curves
from analytics.survival.results import EventCurve, NotEstimable
from analytics.survival.weighted_curves import RowColumns, estimate_weighted_event_curve


def curve_of(times: list[int], causes: list[int], **options: object) -> EventCurve:
    counts = count_events(pl.DataFrame({"time_days": times, "cause": causes}))
    curve = estimate_event_curve(counts, group="all", **options)
    assert isinstance(curve, EventCurve)
    return curve


def six() -> EventCurve:
    # Two events tie on day 2, one patient is censored on the day of an event, one leaves last.
    return curve_of([2, 2, 3, 3, 5, 8], [1, 1, 1, 0, 1, 0])


def test_six_patients_by_hand() -> None:
    table = six().table
    assert table["time_days"].to_list() == [2, 3, 5, 8]
    assert table["n_risk"].to_list() == [6, 4, 2, 1]
    assert table["n_event"].to_list() == [2, 1, 1, 0]
    assert table["n_censor"].to_list() == [0, 1, 0, 1]
    # 4/6; times 3/4 = 1/2; times 1/2 = 1/4.
    assert table["survival"].to_list() == pytest.approx([4 / 6, 1 / 2, 1 / 4, 1 / 4], abs=1e-15)
    # Greenwood: 2/(6*4); + 1/(4*3); + 1/(2*1).
    sums = np.array([2 / 24, 2 / 24 + 1 / 12, 2 / 24 + 1 / 12 + 1 / 2])
    expected = np.array([4 / 6, 1 / 2, 1 / 4]) * np.sqrt(sums)
    assert table["std_error"][:3].to_numpy() == pytest.approx(expected, abs=1e-15)
    # Nelson-Aalen: 2/6; + 1/4; + 1/2, with variance 2/36; + 1/16; + 1/4.
    assert table["cumulative_hazard"][:3].to_list() == pytest.approx([1 / 3, 7 / 12, 13 / 12], abs=1e-15)
    assert table["std_error_hazard"][2] == pytest.approx(math.sqrt(2 / 36 + 1 / 16 + 1 / 4), abs=1e-15)


def test_log_log_interval_by_hand() -> None:
    row = six().table.row(0, named=True)
    # S = 2/3, log(-log S) has standard error se / (S |log S|).
    spread = 1.959963984540054 * row["std_error"] / (2 / 3 * math.log(3 / 2))
    assert row["lower"] == pytest.approx((2 / 3) ** math.exp(spread), abs=1e-14)
    assert row["upper"] == pytest.approx((2 / 3) ** math.exp(-spread), abs=1e-14)


def test_basis_counts_patients_events_and_person_days() -> None:
    basis = six().basis
    assert (basis.n, basis.n_events, basis.person_days) == (6, 4, 23)
    assert (basis.method, basis.variance, basis.interval) == ("Kaplan-Meier", "Greenwood", "log-log, 95 %")


def test_tied_events_leave_one_by_one_in_the_fleming_harrington_curve() -> None:
    curve = curve_of([2, 2, 3], [1, 1, 0], estimator="fleming-harrington")
    assert curve.table["cumulative_hazard"][0] == pytest.approx(1 / 3 + 1 / 2, abs=1e-15)
    assert curve.table["survival"][0] == pytest.approx(math.exp(-5 / 6), abs=1e-15)


def test_the_exponential_of_the_hazard_agrees_with_r() -> None:
    # R 4.2.2, survival 3.5-3: survfit(Surv(c(1,1,2,3,3,4,5),c(1,1,0,1,1,1,0))~1, stype=2, ctype=1)
    curve = curve_of([1, 1, 2, 3, 3, 4, 5], [1, 1, 0, 1, 1, 1, 0], estimator="nelson-aalen")
    expected = {
        "survival": [0.751477293075286, 0.751477293075286, 0.455794018328017, 0.276453046629564],
        "std_error": [0.151821339954642, 0.151821339954642, 0.185601835215997, 0.178267489764330],
        "cumulative_hazard": [0.285714285714286, 0.285714285714286, 0.785714285714286, 1.285714285714286],
    }
    for name, values in expected.items():
        assert curve.table[name][:4].to_list() == pytest.approx(values, abs=1e-14)
    assert curve.basis.variance == "Nelson-Aalen hazard"


def test_an_event_on_day_zero_counts_with_everybody_at_risk() -> None:
    table = curve_of([0, 4, 4, 7], [1, 0, 0, 0]).table
    assert table.row(0, named=True)["n_risk"] == 4
    assert table["survival"][0] == 0.75


def test_everybody_dead_on_day_zero_leaves_a_curve_at_zero_without_limits() -> None:
    table = curve_of([0, 0], [1, 1]).table
    assert table["survival"].to_list() == [0.0]
    assert table.select("std_error", "lower", "upper").row(0) == (None, None, None)


def test_all_censored_leaves_a_curve_at_one_with_a_warning() -> None:
    curve = curve_of([3, 9], [0, 0])
    assert curve.table.select("survival", "lower", "upper").rows() == [(1.0, 1.0, 1.0), (1.0, 1.0, 1.0)]
    assert "No event" in curve.basis.warnings[0]


def test_while_nobody_had_an_event_the_limits_are_one() -> None:
    table = curve_of([1, 2, 3], [0, 1, 0]).table
    assert table.row(0, named=True)["lower"] == 1.0


def test_an_empty_group_is_refused() -> None:
    counts = count_events(
        pl.DataFrame({"device": ["ivl"], "time_days": [4], "cause": [1]}), strata=["device"]
    )
    refused = estimate_event_curve(counts, group="orbital")
    assert isinstance(refused, NotEstimable)
    assert (refused.code, refused.group) == ("no_patients", "orbital")


def test_competing_events_are_refused_since_one_minus_the_curve_is_no_risk() -> None:
    counts = count_events(pl.DataFrame({"time_days": [4, 5], "cause": [1, 2]}))
    refused = estimate_event_curve(counts, group="all")
    assert isinstance(refused, NotEstimable)
    assert refused.code == "competing_events"


def test_events_known_only_by_a_visit_have_no_curve() -> None:
    frame = pl.DataFrame({"time_days": [30, 40], "cause": [1, 0], "time_is_exact": [False, True]})
    refused = estimate_event_curve(count_events(frame), group="all")
    assert isinstance(refused, NotEstimable)
    assert refused.code == "event_times_unknown"
    assert "1 patients" in refused.reason


def test_few_events_known_only_by_a_visit_are_a_warning() -> None:
    frame = pl.DataFrame({"time_days": range(1, 42), "cause": [1] * 40 + [0]}).with_columns(
        time_is_exact=pl.col("time_days") > 2
    )
    curve = estimate_event_curve(count_events(frame), group="all")
    assert isinstance(curve, EventCurve)
    assert curve.basis.warnings == (
        "2 of 40 events are placed on the day by which they are known to have happened.",
    )


def test_one_curve_per_stratum_in_order() -> None:
    frame = pl.DataFrame({"site": ["b", "a", "a"], "time_days": [1, 2, 3], "cause": [1, 0, 1]})
    curves = estimate_event_curves(count_events(frame, strata=["site"]))
    assert [curve.group for curve in curves] == ["a", "b"]


def test_reading_between_and_beyond_the_days() -> None:
    read = read_curve_at(six(), [0, 2, 4, 9])
    assert read["survival"].to_list() == pytest.approx([1, 4 / 6, 1 / 2, 1 / 4], abs=1e-15)
    assert read["n_risk"].to_list() == [6, 6, 2, 0]
    assert read["lower"][0] == 1.0


def test_quantiles_take_the_middle_of_a_level_stretch() -> None:
    found = curve_quantiles(six(), [0.25, 0.5, 0.75, 0.9])
    # The curve is exactly 1/2 from day 3 to day 5, reaches 1/4 on day 5 for good, and never 0.1.
    assert found["time_days"].to_list() == [2.0, 4.0, 5.0, None]


def test_restricted_mean_is_the_area_under_the_curve() -> None:
    mean, std_error = restricted_mean(six(), 4)
    # 2 days at 1, 1 at 4/6, 1 at 1/2; areas ahead of days 2 and 3 are 7/6 and 1/2.
    assert mean == pytest.approx(2 + 4 / 6 + 1 / 2, abs=1e-14)
    assert std_error == pytest.approx(math.sqrt((7 / 6) ** 2 * 2 / 24 + 0.25 / 12), abs=1e-14)


def test_delayed_entry_by_hand() -> None:
    frame = pl.DataFrame({"time_days": [2, 4, 6], "cause": [1, 1, 0], "entry_days": [None, 1, 3]})
    curve = estimate_event_curve(count_events(frame, entry="entry_days"), group="all")
    # Day 2: two at risk, day 4: two at risk.
    assert curve.table["survival"].to_list() == [0.5, 0.25, 0.25]


def test_lifelines_agrees_on_tied_days() -> None:
    random = np.random.default_rng(11)
    times, events = random.integers(0, 60, 300), random.integers(0, 2, 300)
    table = curve_of(times.tolist(), events.tolist()).table
    fitter = KaplanMeierFitter().fit(times, events)
    days = table["time_days"].to_list()
    theirs = fitter.survival_function_.loc[days].iloc[:, 0].to_numpy()
    limits = fitter.confidence_interval_.loc[days].to_numpy()
    assert np.abs(table["survival"].to_numpy() - theirs).max() < 1e-12
    inside = table["survival"].to_numpy() > 0
    assert np.abs(table.select("lower", "upper").to_numpy()[inside] - limits[inside]).max() < 1e-12


def weighted_rows() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "patient_id": ["a", "a", "b", "c", "d"],
            "time_days": [2, 4, 2, 5, 6],
            "cause": [1, 0, 0, 1, 0],
            "w": [0.5, 1.5, 2.0, 1.0, 0.7],
        }
    )


def weighted_survival(weights: pl.Series) -> float:
    """Weighted product limit on day 5, written out."""
    total = weights.sum()
    return float((1 - weights[0] / total) * (1 - weights[3] / (weights[3] + weights[4])))


def test_robust_variance_is_the_sum_of_squared_derivatives_per_patient() -> None:
    frame = weighted_rows()
    curve = estimate_weighted_event_curve(
        frame, columns=RowColumns(weight="w", cluster="patient_id"), group="all"
    )
    at_five = curve.table.filter(pl.col("time_days") == 5).row(0, named=True)
    assert at_five["survival"] == pytest.approx(weighted_survival(frame["w"]), abs=1e-15)
    squared, step = 0.0, 1e-6
    for patient in ("a", "b", "c", "d"):
        own = (frame["patient_id"] == patient).cast(pl.Float64)
        up = weighted_survival(frame["w"] * (1 + step * own))
        down = weighted_survival(frame["w"] * (1 - step * own))
        squared += ((up - down) / (2 * step)) ** 2
    assert at_five["std_error"] == pytest.approx(math.sqrt(squared), rel=1e-8)


def test_doubling_all_weights_changes_nothing() -> None:
    columns = RowColumns(weight="w", cluster="patient_id")
    once = estimate_weighted_event_curve(weighted_rows(), columns=columns, group="all")
    doubled = weighted_rows().with_columns(pl.col("w") * 2)
    twice = estimate_weighted_event_curve(doubled, columns=columns, group="all")
    names = ["survival", "std_error", "lower", "upper"]
    assert twice.table.select(names).to_numpy() == pytest.approx(
        once.table.select(names).to_numpy(), abs=1e-14
    )


def test_weighted_counts_equal_weighted_rows_when_each_row_stands_alone() -> None:
    from_counts = estimate_event_curve(count_events(weighted_rows(), weight="w"), group="all")
    from_rows = estimate_weighted_event_curve(weighted_rows(), columns=RowColumns(weight="w"), group="all")
    assert from_counts.table.to_numpy() == pytest.approx(from_rows.table.to_numpy(), abs=1e-14)
    assert from_counts.table["weighted_n_risk"].to_list() == pytest.approx([5.7, 3.2, 1.7, 0.7])
    assert from_counts.table["n_risk"].to_list() == [5, 3, 2, 1]


def test_weighted_counts_with_late_entries_ask_for_rows() -> None:
    frame = weighted_rows().with_columns(entry_days=pl.lit(1))
    with pytest.raises(ValueError, match="Give the rows"):
        estimate_event_curve(count_events(frame, entry="entry_days", weight="w"), group="all")


def test_rows_without_a_cluster_are_refused() -> None:
    frame = weighted_rows().with_columns(patient_id=pl.Series(["a", None, "b", "c", "d"]))
    with pytest.raises(ValueError, match="rows without a cluster"):
        estimate_weighted_event_curve(frame, columns=RowColumns(cluster="patient_id"), group="all")


def test_the_jackknife_equals_greenwood_without_weights() -> None:
    frame = pl.DataFrame({"time_days": [2, 2, 3, 3, 5, 8], "cause": [1, 1, 1, 0, 1, 0]})
    robust = estimate_weighted_event_curve(frame, columns=RowColumns(), group="all")
    assert robust.table["std_error"].to_numpy() == pytest.approx(
        six().table["std_error"].to_numpy(), abs=1e-15
    )


def test_rows_standing_alone_give_the_same_as_clusters_of_one() -> None:
    frame = weighted_rows().with_columns(
        entry_days=pl.Series([0, 1, 0, 2, 3]), own=pl.Series(["1", "2", "3", "4", "4"])
    )
    alone = frame.with_columns(own=pl.Series(["1", "2", "3", "4", "5"]))
    columns = RowColumns(entry="entry_days", weight="w", cluster="own")
    by_name = estimate_weighted_event_curve(alone, columns=columns, group="all")
    without = estimate_weighted_event_curve(
        frame, columns=RowColumns(entry="entry_days", weight="w"), group="all"
    )
    joined = estimate_weighted_event_curve(frame, columns=columns, group="all")
    assert by_name.table["std_error"].equals(without.table["std_error"])
    assert joined.table["std_error"][-1] != pytest.approx(by_name.table["std_error"][-1])
