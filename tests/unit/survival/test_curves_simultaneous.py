"""Bands that hold for a whole curve, and the arcsine scale."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from analytics.survival.band_constants import (
    bridge_stays,
    equal_precision_value,
    hall_wellner_value,
    stationary_stays,
)
from analytics.survival.event_counts import count_events
from analytics.survival.event_curves import estimate_event_curve
from analytics.survival.intervals import confidence_limits
from analytics.survival.results import EventCurve, NotEstimable
from analytics.survival.simultaneous_bands import SurvivalBand, estimate_band

FRAME = pl.DataFrame(
    {"time_days": [3, 5, 5, 8, 11, 14, 20, 20, 25, 30], "cause": [1, 1, 0, 1, 0, 1, 1, 0, 0, 0]}
)


def curve_of(frame: pl.DataFrame = FRAME, entry: str | None = None) -> EventCurve:
    curve = estimate_event_curve(count_events(frame, entry=entry), group="ivl")
    assert isinstance(curve, EventCurve)
    return curve


def band(**options: object) -> SurvivalBand:
    result = estimate_band(curve_of(), **options)
    assert isinstance(result, SurvivalBand)
    return result


def test_the_whole_bridge_follows_kolmogorovs_law() -> None:
    for k in (0.8, 1.2, 1.358):
        tail = 2 * sum((-1) ** (j - 1) * math.exp(-2 * j * j * k * k) for j in range(1, 50))
        assert bridge_stays(k, 0.0, 1.0) == pytest.approx(1 - tail, abs=1e-9)
        assert bridge_stays(k, 1e-6, 1 - 1e-6) == pytest.approx(1 - tail, abs=1e-4)


def test_critical_values_are_those_of_the_published_table() -> None:
    # Klein & Moeschberger (2003), table C.4 for 0.1 to 0.6.
    assert hall_wellner_value(0.0, 1.0, 0.95) == pytest.approx(1.3581, abs=1e-4)
    assert hall_wellner_value(0.1, 0.6, 0.95) == pytest.approx(1.3211, abs=1e-4)


def test_equal_precision_is_near_its_tail_approximation() -> None:
    # Miller & Siegmund (1982): 4 f / c + f (c - 1 / c) log(odds ratio), f the normal density at c.
    c = equal_precision_value(0.1, 0.9, 0.95)
    density = math.exp(-c * c / 2) / math.sqrt(2 * math.pi)
    tail = 4 * density / c + density * (c - 1 / c) * math.log(81)
    assert tail == pytest.approx(0.05, abs=5e-4)


def test_chances_fall_with_the_stretch_and_rise_with_the_limit() -> None:
    assert stationary_stays(2.5, 1.0) > stationary_stays(2.5, 2.0)
    assert stationary_stays(2.5, 1.0) < stationary_stays(3.0, 1.0)
    assert stationary_stays(2.0, 1e-3) < math.erf(math.sqrt(2))


def test_equal_precision_is_a_multiple_of_the_pointwise_interval() -> None:
    found = band(interval="plain")
    own = curve_of().table.filter(pl.col("time_days").is_in(found.table["time_days"].implode()))
    reach = (found.table["survival"] - found.table["lower"]).to_numpy()
    wide = found.critical_value * own["std_error"].to_numpy()
    assert reach == pytest.approx(np.minimum(wide, own["survival"].to_numpy()))


def test_hall_wellner_by_hand() -> None:
    found = band(kind="hall-wellner", interval="plain", days=(3, 8))
    # After day 3: S = 0.9, n times Greenwood's sum is 10 / 90.
    reach = found.critical_value * (1 + 10 / 90) / math.sqrt(10) * 0.9
    assert found.table["lower"][0] == pytest.approx(0.9 - reach)
    assert (found.first_day, found.last_day) == (3.0, 8.0)
    variance = 10 * (1 / 90 + 1 / 72 + 1 / 42)
    first, last = (10 / 90) / (1 + 10 / 90), variance / (1 + variance)
    assert found.critical_value == pytest.approx(hall_wellner_value(first, last, 0.95), abs=1e-8)


def test_bands_are_wider_than_pointwise_intervals() -> None:
    pointwise = curve_of().table.filter((pl.col("survival") < 1) & (pl.col("survival") > 0))
    for kind in ("hall-wellner", "equal-precision"):
        wide = band(kind=kind).table
        assert (wide["lower"] <= pointwise["lower"]).all()
        assert (wide["upper"] >= pointwise["upper"]).all()


def test_arcsine_limits_by_hand() -> None:
    lower, upper = confidence_limits(np.array([0.5]), np.array([0.1]), interval="arcsin")
    # arcsin(sqrt(1/2)) = pi / 4, and its standard error is 0.1 / (2 sqrt(1/4)).
    half = 1.959963984540054 * 0.1
    assert lower[0] == pytest.approx(math.sin(math.pi / 4 - half) ** 2)
    assert upper[0] == pytest.approx(math.sin(math.pi / 4 + half) ** 2)


def test_too_few_events_are_a_refusal() -> None:
    refusal = estimate_band(curve_of(), days=(3, 4))
    assert isinstance(refusal, NotEstimable)
    assert refusal.code == "no_events"


def test_late_entry_is_an_error_for_a_band_that_needs_a_number_of_patients() -> None:
    frame = FRAME.with_columns(entry=pl.Series([None] * 6 + [4] * 4))
    with pytest.raises(ValueError, match="delayed entry"):
        estimate_band(curve_of(frame, entry="entry"), kind="hall-wellner")


def late_sample(seed: int) -> pl.DataFrame:
    """Draw exponential times of mean 1000 days; most patients are seen only if free at entry."""
    draw = np.random.default_rng(seed)
    entry = np.where(np.arange(400) < 120, 0.0, draw.uniform(0, 900, 400))
    event, end = draw.exponential(1000, 400), draw.uniform(300, 2500, 400)
    days = np.ceil(np.minimum(event, end))
    frame = pl.DataFrame({"time_days": days, "cause": (event <= end).astype(int), "entry": np.floor(entry)})
    return frame.filter(pl.col("entry") < pl.col("time_days")).cast({"time_days": int, "entry": int})


def test_with_late_entry_the_equal_precision_band_covers_the_whole_curve_as_often_as_it_says() -> None:
    found = estimate_band(curve_of(late_sample(0), entry="entry"), days=(200.0, 1500.0))
    assert isinstance(found, SurvivalBand)
    covered = 0
    for seed in range(150):
        curve = curve_of(late_sample(seed), entry="entry").table.filter(
            pl.col("time_days").is_between(200, 1500)
        )
        # The constant hardly differs from sample to sample, and takes a second to find.
        lower, upper = confidence_limits(
            curve["survival"].to_numpy(),
            curve["std_error"].to_numpy() * found.critical_value / 1.959963984540054,
            confidence=0.95,
            interval="log-log",
        )
        truth = np.exp(-curve["time_days"].to_numpy() / 1000)
        covered += bool(((lower <= truth) & (truth <= upper)).all())
    # 95 % of 150 is 142.5, and 2.5 standard deviations are 6.7; pointwise limits cover 100 or so.
    assert 136 <= covered <= 149
