"""Pseudo-observations: outcomes where nobody is censored, and the jackknife carried out."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from analytics.survival.cumulative_incidence import estimate_cumulative_incidence
from analytics.survival.curve_reading import read_curve_at, read_incidence_at, restricted_mean
from analytics.survival.event_counts import count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.pseudo_observations import PseudoObservations, estimate_pseudo_observations
from analytics.survival.results import NotEstimable

FRAME = pl.DataFrame(
    {"time_days": [8, 3, 5, 5, 11, 14, 20, 20, 25, 30], "cause": [1, 1, 0, 2, 0, 2, 1, 0, 0, 1]}
)
ONE_CAUSE = FRAME.with_columns(pl.col("cause").clip(0, 1))
DAYS = [5.0, 12.0, 20.0]


def pseudo(frame: pl.DataFrame, quantity: str, cause: int = 1) -> np.ndarray:
    found = estimate_pseudo_observations(frame, group="ivl", quantity=quantity, days=DAYS, cause=cause)
    assert isinstance(found, PseudoObservations)
    assert found.table["row"].to_list() == [row for row in range(frame.height) for _ in DAYS]
    return found.table["pseudo_value"].to_numpy().reshape(frame.height, len(DAYS))


def survival(frame: pl.DataFrame) -> np.ndarray:
    return read_curve_at(estimate_event_curve(count_events(frame), group="x"), DAYS)["survival"].to_numpy()


def mean_days(frame: pl.DataFrame) -> np.ndarray:
    curve = estimate_event_curve(count_events(frame), group="x")
    return np.array([restricted_mean(curve, day)[0] for day in DAYS])


def incidence(frame: pl.DataFrame) -> np.ndarray:
    found = estimate_cumulative_incidence(count_events(frame), group="x", causes=("mace", "death"))
    return read_incidence_at(found, DAYS, cause="death")["incidence"].to_numpy()


@pytest.mark.parametrize(
    ("quantity", "cause", "frame", "estimate"),
    [
        ("survival", 1, ONE_CAUSE, survival),
        ("restricted_mean", 1, ONE_CAUSE, mean_days),
        ("incidence", 2, FRAME, incidence),
    ],
)
def test_they_are_the_jackknife_carried_out(
    quantity: str, cause: int, frame: pl.DataFrame, estimate: object
) -> None:
    whole = estimate(frame)
    rows = frame.with_row_index("at")
    expected = [10 * whole - 9 * estimate(rows.filter(pl.col("at") != row).drop("at")) for row in range(10)]
    assert pseudo(frame, quantity, cause) == pytest.approx(np.array(expected))


def test_without_censoring_they_are_the_outcomes() -> None:
    frame = FRAME.with_columns(cause=pl.when(pl.col("cause") == 0).then(2).otherwise("cause"))
    times, causes = (frame[name].to_numpy()[:, None] for name in ("time_days", "cause"))
    days = np.array(DAYS)
    assert pseudo(frame, "incidence") == pytest.approx(((times <= days) & (causes == 1)).astype(float))
    lost = np.where(causes == 1, np.maximum(days - times, 0), 0)
    assert pseudo(frame, "time_lost") == pytest.approx(lost)
    only = frame.with_columns(cause=1)
    assert pseudo(only, "survival") == pytest.approx((times > days).astype(float))
    assert pseudo(only, "restricted_mean") == pytest.approx(np.minimum(times, days))


@pytest.mark.parametrize(
    ("frame", "quantity", "code"),
    [
        (FRAME.clear(), "survival", "no_patients"),
        (FRAME.head(1), "survival", "no_patients"),
        (FRAME, "survival", "competing_events"),
        (FRAME.head(3), "incidence", "follow_up_too_short"),
    ],
)
def test_refusals(frame: pl.DataFrame, quantity: str, code: str) -> None:
    refusal = estimate_pseudo_observations(frame, group="ivl", quantity=quantity, days=DAYS)
    assert isinstance(refusal, NotEstimable)
    assert refusal.code == code
