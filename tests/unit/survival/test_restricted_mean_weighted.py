"""Restricted means of weighted rows: R's derivatives, agreement with the unweighted mean, laws, refusals."""

from __future__ import annotations

import polars as pl
import pytest

from analytics.survival.event_counts import count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.restricted_mean_weighted import estimate_weighted_restricted_mean
from analytics.survival.restricted_means import RestrictedMean, estimate_restricted_mean
from analytics.survival.results import EventCurve, NotEstimable
from analytics.survival.weighted_curves import RowColumns, estimate_weighted_event_curve

ROWS = pl.DataFrame(
    {
        "time_days": [2, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        "cause": [1, 0, 1, 1, 0, 1, 1, 0, 1, 0],
        "entry_days": [0, 0, 1, 0, 2, 3, 0, 1, 4, 0],
        "weight": [1.0, 2.5, 0.5, 1.5, 3.0, 0.75, 2.0, 1.0, 0.5, 1.25],
        "site": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
    }
)


def mean_of(frame: pl.DataFrame = ROWS, horizon: float = 8.5, **columns: str) -> RestrictedMean:
    found = estimate_weighted_restricted_mean(
        frame, columns=RowColumns(**columns), group="ivl", horizon_days=horizon
    )
    assert isinstance(found, RestrictedMean)
    return found


# R 4.2.2, survival 3.5-3: area under survfit(Surv(t,e)~1, weights=w) or Surv(entry,t,e) up to 8.5, and the
# root of the sum over rows or sites of squared (weight x numerical derivative of the area), extrapolated.
@pytest.mark.parametrize(
    ("columns", "mean", "std_error"),
    [
        ({}, 6.52929808286951, 0.678509274823),
        ({"cluster": "site"}, 6.52929808286951, 0.733247852686),
        ({"entry": "entry_days"}, 6.32969590864328, 0.738994353366),
        ({"entry": "entry_days", "cluster": "site"}, 6.32969590864328, 0.743885690779),
    ],
)
def test_mean_and_error_are_those_of_derivatives_in_r(
    columns: dict[str, str], mean: float, std_error: float
) -> None:
    found = mean_of(weight="weight", **columns)
    assert found.mean_days == pytest.approx(mean, abs=1e-13)
    assert found.std_error == pytest.approx(std_error, abs=1e-9)


def test_rows_of_weight_one_give_greenwoods_error() -> None:
    curve = estimate_event_curve(count_events(ROWS), group="ivl")
    assert isinstance(curve, EventCurve)
    plain = estimate_restricted_mean(curve, 8.5)
    assert isinstance(plain, RestrictedMean)
    found = mean_of()
    assert found.mean_days == pytest.approx(plain.mean_days, abs=1e-14)
    assert found.std_error == pytest.approx(plain.std_error, abs=1e-14)


def test_doubling_all_weights_changes_nothing() -> None:
    one = mean_of(weight="weight")
    two = mean_of(ROWS.with_columns(pl.col("weight") * 2), weight="weight")
    assert (two.mean_days, two.std_error) == pytest.approx((one.mean_days, one.std_error), abs=1e-13)


def test_a_weight_of_two_is_two_rows_of_one_unit() -> None:
    twice = pl.concat([ROWS, ROWS.filter(pl.col("site") < 3)]).with_columns(unit="time_days")
    weighted = ROWS.with_columns(w=pl.when(pl.col("site") < 3).then(2.0).otherwise(1.0), unit="time_days")
    one, two = mean_of(weighted, weight="w", cluster="unit"), mean_of(twice, cluster="unit")
    assert (one.mean_days, one.std_error) == pytest.approx((two.mean_days, two.std_error), abs=1e-13)


def test_everybody_dead_on_day_zero_has_no_days_and_no_error() -> None:
    frame = pl.DataFrame({"time_days": [0, 0], "cause": [1, 1], "weight": [1.0, 3.0]})
    found = mean_of(frame, weight="weight")
    assert (found.mean_days, found.std_error) == (0.0, 0.0)


def test_all_censored_at_the_horizon_keeps_every_day() -> None:
    found = mean_of(pl.DataFrame({"time_days": [9, 9], "cause": [0, 0]}))
    assert (found.mean_days, found.std_error) == (8.5, 0.0)


def test_a_horizon_that_nobody_reached_is_refused() -> None:
    refused = estimate_weighted_restricted_mean(
        ROWS, columns=RowColumns(weight="weight"), group="ivl", horizon_days=11
    )
    assert isinstance(refused, NotEstimable)
    assert refused.code == "follow_up_too_short"


def test_an_empty_group_and_competing_events_are_refused() -> None:
    frames = (ROWS.clear(), ROWS.with_columns(pl.lit(2).alias("cause")))
    refused = [
        estimate_weighted_restricted_mean(frame, columns=RowColumns(), group="ivl", horizon_days=5)
        for frame in frames
    ]
    assert [one.code for one in refused] == ["no_patients", "competing_events"]


def test_a_row_without_a_cluster_is_an_error() -> None:
    frame = ROWS.with_columns(pl.when(pl.col("site") > 1).then("site").alias("site"))
    with pytest.raises(ValueError, match="rows without a cluster"):
        mean_of(frame, cluster="site")


def test_a_weighted_curve_gets_no_unweighted_error() -> None:
    curve = estimate_weighted_event_curve(ROWS, columns=RowColumns(weight="weight"), group="ivl")
    assert isinstance(curve, EventCurve)
    with pytest.raises(ValueError, match="weighted"):
        estimate_restricted_mean(curve, 5)
